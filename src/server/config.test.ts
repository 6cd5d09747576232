import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, loadConfig, serverUrl } from "./config.ts";
import { printableConfig } from "./config-shown.ts";

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "coffer-config-")), "coffer.yaml");
  writeFileSync(path, text);
  return path;
}

function refused(flags: Parameters<typeof loadConfig>[0], env = {}): string {
  try {
    loadConfig(flags, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "not refused";
}

describe("configuration", () => {
  test("flags win over the environment, that over the file, that over defaults", () => {
    const config = file("data: from-file\nlog:\n  level: warn\nownerEmail: file@example.com\n");
    const env = { COFFER_LOG_LEVEL: "error", COFFER_OWNER_EMAIL: "env@example.com" };
    const loaded = loadConfig({ config, ownerEmail: "flag@example.com" }, env).config;
    expect(loaded).toMatchObject({
      data: "from-file",
      logLevel: "error",
      ownerEmail: "flag@example.com",
      listen: { host: "127.0.0.1", port: 8200 },
      database: null,
    });
    expect(Object.isFrozen(loaded)).toBe(true);
  });

  test("an unknown key is an error that names the nearest", () => {
    expect(refused({ config: file("log:\n  levle: info\n") })).toContain(
      '"log.levle" is not a key of the configuration. Did you mean "log.level"?',
    );
    expect(refused({ config: file("listen: [1]\n") })).toContain("listen");
    expect(refused({ config: file("a: 1\na: 2\n") })).toContain("is not valid YAML");
    expect(refused({ config: "/nowhere/coffer.yaml" })).toContain("is not there");
  });

  test("trusted proxies are a list in the file, and written with commas elsewhere", () => {
    const inFile = file("server:\n  trustedProxies: [10.1.2.3, 2001:DB8::/32]\n");
    const shown = (flags: Parameters<typeof loadConfig>[0], env = {}) =>
      printableConfig(loadConfig(flags, env).config).server;
    const others = { drainSeconds: 10, workers: 1 };
    expect(shown({})).toEqual({ trustedProxies: [], ...others });
    expect(shown({ config: inFile })).toEqual({
      trustedProxies: ["10.1.2.3", "2001:db8::/32"],
      ...others,
    });
    expect(shown({ config: inFile }, { COFFER_TRUSTED_PROXIES: "10.0.0.0/8, ::1" })).toEqual({
      trustedProxies: ["10.0.0.0/8", "::1"],
      ...others,
    });
    expect(shown({ trustedProxies: "::1" }, { COFFER_TRUSTED_PROXIES: "10.0.0.0/8" })).toEqual({
      trustedProxies: ["::1"],
      ...others,
    });
    for (const wrong of [
      "10.0.0.1/8",
      "0.0.0.0/0",
      "::/0",
      "proxy.example.com",
      "10.0.0.1,",
      "10.0.0.1:80",
    ]) {
      expect(refused({ trustedProxies: wrong })).toContain("server.trustedProxies");
    }
    expect(refused({ config: file("server:\n  trustedProxies: [1]\n") })).toContain(
      "must be a list of texts",
    );
    expect(refused({ trustedProxies: new Array<string>(65).fill("::1").join(",") })).toContain("at most 64");
  });

  test("a limit of requests is a whole number, and none unless it is set", () => {
    const limit = (env = {}, config?: string) =>
      loadConfig(config === undefined ? {} : { config }, env).config.rateLimit;
    expect(limit()).toEqual({ perToken: null, perOrganization: null });
    const both = { perToken: 600, perOrganization: 6000 };
    expect(limit({}, file("rateLimit:\n  perToken: 600\n  perOrganization: 6000\n"))).toEqual(both);
    expect(limit({ COFFER_RATE_LIMIT_PER_TOKEN: "60" })).toEqual({ perToken: 60, perOrganization: null });
    const organization = { COFFER_RATE_LIMIT_PER_ORGANIZATION: "60" };
    expect(limit(organization)).toEqual({ perToken: null, perOrganization: 60 });
    for (const wrong of ["0", "-1", "1.5", "1e3", "many", "1000001", ""]) {
      expect(refused({}, { COFFER_RATE_LIMIT_PER_TOKEN: wrong })).toContain(
        "a whole number from 1 to 1000000",
      );
    }
  });

  test("Grafana's names of namespaces, each with its store", () => {
    const namespaces = (text: string) =>
      loadConfig({}, { COFFER_GRAFANA_NAMESPACES: text }).config.namespaces;
    expect([...loadConfig({}, {}).config.namespaces]).toEqual([]);
    expect([...namespaces("stacks-12=default, org-2=web")]).toEqual([
      ["stacks-12", "default"],
      ["org-2", "web"],
    ]);
    const { config } = loadConfig({ config: file("grafana:\n  namespaces: [stacks-1=web]\n") }, {});
    expect(config.namespaces.get("stacks-1")).toBe("web");
    for (const wrong of ["web", "default=web", "org-1=web", "stacks-0=web", "stacks-1=", "stacks-1=Web"]) {
      expect(refused({}, { COFFER_GRAFANA_NAMESPACES: wrong })).toContain("grafana.namespaces");
    }
    expect(refused({}, { COFFER_GRAFANA_NAMESPACES: "org-2=a,org-2=b" })).toContain("once");
  });

  test("an unknown COFFER_ variable is a warning that names the nearest", () => {
    const { warnings } = loadConfig({}, { COFFER_LOGLEVEL: "info", COFFER_URL: "http://x", OTHER: "1" });
    expect(warnings).toEqual([
      "COFFER_LOGLEVEL is not a variable of this server; the nearest is COFFER_LOG_LEVEL.",
    ]);
  });

  test.each([
    [{ listen: "0.0.0.0:8200" }, "open http would show them every value"],
    [{ listen: "8200" }, "listen must be HOST:PORT"],
    [{ listen: "127.0.0.1:99999" }, "listen must be HOST:PORT"],
    [{ database: "mysql://x" }, "must be a URL that begins with postgres://"],
    [{ logLevel: "loud" }, "log.level must be one of trace, debug, info, warn, error, fatal, silent"],
    [{ ownerEmail: "nobody" }, "must be an e-mail address"],
    [{ publicUrl: "ftp://x" }, "must be an http or https URL"],
    [{ rootKey: "" }, "--root-key must be text that is not empty"],
  ])("%j is refused", (flags, message) => {
    expect(refused(flags)).toContain(message);
  });

  test("an address that others reach is taken when that is said", () => {
    expect(loadConfig({ listen: "0.0.0.0:8200", insecureHttp: true }, {}).config.listen.host).toBe("0.0.0.0");
    expect(loadConfig({ listen: "[::1]:8200" }, {}).config.listen).toEqual({ host: "::1", port: 8200 });
  });

  test("services are named in lower case, and few of them", () => {
    const named = (text: string) => loadConfig({}, { COFFER_SERVICES_NAMES: text }).config;
    expect(named("my-proxy, gateway_2").serviceNames).toEqual(["my-proxy", "gateway_2"]);
    expect(printableConfig(named("a")).services).toEqual({ names: ["a"] });
    for (const text of ["Proxy", "a b", "", "-a", new Array(33).fill("a").join(",")]) {
      expect(() => named(text)).toThrow("services.names");
    }
  });

  test("TLS opens other addresses, and makes the server's URL https", () => {
    const listen = "0.0.0.0:8200";
    const { config } = loadConfig({ listen, tls: "auto", tlsNames: "a.example.org, 10.1.2.3" }, {});
    expect(config.tls).toEqual({ mode: "auto", names: ["a.example.org", "10.1.2.3"] });
    // Every address is none to connect to.
    expect(serverUrl(config)).toBe("https://127.0.0.1:8200");
    expect(serverUrl(loadConfig({ listen: "[::1]:1", tls: "auto" }, {}).config, 2)).toBe("https://[::1]:2");
    const files = file("tls:\n  cert: c.pem\n  key: k.pem\nlisten: 10.1.2.3:443\n");
    const own = loadConfig({ config: files, publicUrl: "https://vault.example.org/" }, {}).config;
    expect(own.tls).toEqual({ mode: "files", cert: "c.pem", key: "k.pem" });
    expect(serverUrl(own)).toBe("https://vault.example.org");
    expect(printableConfig(own).tls).toEqual(own.tls);
    expect(serverUrl(loadConfig({}, {}).config)).toBe("http://127.0.0.1:8200");
    const env = { COFFER_TLS: "auto" };
    expect(loadConfig({}, env).config.tls).toEqual({ mode: "auto", names: [] });
    // What an image's environment says is taken back by what is said at its start.
    expect(loadConfig({ tls: "none" }, env).config.tls).toBeNull();
    expect(loadConfig({ tls: "files", tlsCert: "c.pem", tlsKey: "k.pem" }, env).config.tls).toEqual(own.tls);
  });

  test.each([
    [{ tls: "off" }, "tls.mode must be auto, files"],
    [{ tls: "files" }, "is two files"],
    [{ tls: "none", tlsCert: "c.pem", tlsKey: "k.pem" }, "not both"],
    [{ tlsKey: "k.pem" }, "is two files"],
    [{ tls: "auto", tlsCert: "c.pem", tlsKey: "k.pem" }, "not both"],
    [{ tlsCert: "c.pem", tlsKey: "k.pem", tlsNames: "a" }, "tls.names are for --tls auto"],
    [{ tlsNames: "a.example.org" }, "tls.names are for --tls auto"],
    [{ tls: "auto", tlsNames: "a.example.org," }, '"" is neither'],
    [{ tls: "auto", tlsNames: new Array(65).fill("a").join(",") }, "at most 64"],
    [{ tls: "auto", publicUrl: "http://a.example.org" }, "must begin with https://"],
  ])("%j contradicts itself", (flags, message) => expect(refused(flags)).toContain(message));

  test("two root keys are a contradiction", () => {
    expect(refused({ rootKey: "x" }, { COFFER_ROOT_KEY: "y" })).toContain("not both");
  });

  test("the passphrase comes from one place, and is not printed", () => {
    const { config } = loadConfig({}, { COFFER_ROOT_PASSPHRASE: "canary in a coal mine" });
    expect(config.rootPassphrase).toEqual({ text: "canary in a coal mine" });
    expect(JSON.stringify(printableConfig(config))).not.toContain("canary");
    expect(loadConfig({ askRootPassphrase: true }, {}).config.rootPassphrase).toEqual({ ask: true });
    expect(loadConfig({ rootPassphraseFile: "/p" }, {}).config.rootPassphrase).toEqual({ file: "/p" });
    expect(() => loadConfig({ askRootPassphrase: true, rootPassphraseFile: "/p" }, {})).toThrow(
      "Give the root passphrase once",
    );
  });

  test("what is printed holds no secret", () => {
    const env = {
      COFFER_ROOT_KEY: "canary-root",
      COFFER_DATABASE: "postgres://u:canary%40word@db:5432/c?sslkey=canary",
    };
    const printed = JSON.stringify(printableConfig(loadConfig({}, env).config));
    expect(printed).not.toContain("canary");
    expect(printed).toContain('"rootKey":{"variable":"COFFER_ROOT_KEY"}');
    const odd = () => loadConfig({ database: "postgres://u:canary/word@[db" }, {});
    expect(odd).toThrow(ConfigError);
    expect(odd).not.toThrow(/canary/);
  });

  test("how long a server waits for its end is bounded, and metrics may have a listener", () => {
    const env = { COFFER_DRAIN_SECONDS: "30", COFFER_METRICS_LISTEN: "[::1]:9464" };
    const { config } = loadConfig({}, env);
    expect(config).toMatchObject({ drainMs: 30_000, metricsListen: { host: "::1", port: 9464 } });
    expect(printableConfig(config)).toMatchObject({
      server: { drainSeconds: 30 },
      metrics: { listen: "[::1]:9464" },
    });
    expect(loadConfig({}, {}).config).toMatchObject({ drainMs: 10_000, metricsListen: null });
    for (const seconds of ["0", "61", "1.5", "-1"]) {
      expect(() => loadConfig({}, { COFFER_DRAIN_SECONDS: seconds })).toThrow(/drainSeconds|DRAIN_SECONDS/);
    }
    expect(() => loadConfig({}, { COFFER_METRICS_LISTEN: "9464" })).toThrow(
      "metrics.listen must be HOST:PORT",
    );
  });
});

describe("workers", () => {
  const database = "postgres://coffer@a,b/coffer";

  test("are for PostgreSQL alone", () => {
    expect(loadConfig({ workers: "4", database }, {}).config.workers).toBe(4);
    expect(loadConfig({}, {}).config.workers).toBe(1);
    expect(() => loadConfig({ workers: "2" }, {})).toThrow(
      "server.workers is for PostgreSQL: the embedded database belongs to one process.",
    );
  });

  test("are a number of processes, and cannot all ask for a passphrase", () => {
    for (const workers of ["0", "129", "many"]) {
      expect(() => loadConfig({ workers, database }, {})).toThrow(ConfigError);
    }
    expect(() => loadConfig({ workers: "2", database, askRootPassphrase: true }, {})).toThrow(/passphrase/);
  });
});

describe("a database of several hosts", () => {
  test("is taken as PostgreSQL's own tools take it, and shown without user and password", () => {
    const database = "postgres://coffer:hunter2@a:1,b:2/coffer?password=hunter3";
    const { config } = loadConfig({ database }, {});
    expect(config.database).toBe(database);
    expect(printableConfig(config).database).toBe("postgres://***@a:1,b:2/coffer");
  });

  test("is refused where it cannot be read, without being quoted", () => {
    const loading = () => loadConfig({ database: "postgres://coffer:hunter2@a:x,b/coffer" }, {});
    expect(loading).toThrow(ConfigError);
    expect(loading).not.toThrow(/hunter2/);
  });
});
