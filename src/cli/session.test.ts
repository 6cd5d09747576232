import { describe, expect, test } from "vitest";
import type { Credentials } from "./credentials.ts";
import { exitCodes } from "./exit-codes.ts";
import { targetOf } from "./session.ts";

const kept: Credentials = {
  url: "http://127.0.0.1:8200",
  token: "coffer_person_kept",
  organization: "acme",
  store: "web",
};

describe("server, token and place of a command", () => {
  test("a kept login gives all of them", () => {
    const { url, ...rest } = targetOf({}, {}, kept);
    expect(url.href).toBe("http://127.0.0.1:8200/");
    expect(rest).toEqual({ token: "coffer_person_kept", organization: "acme", store: "web" });
  });

  test("the environment wins over the login, options win over the environment", () => {
    const env = { COFFER_TOKEN: "coffer_person_env", COFFER_ORG: "env-org", COFFER_STORE: "env-store" };
    expect(targetOf({}, env, kept)).toMatchObject({
      token: "coffer_person_env",
      organization: "env-org",
      store: "env-store",
    });
    expect(targetOf({ org: "o", store: "s" }, env, kept)).toMatchObject({ organization: "o", store: "s" });
  });

  test("without any of them the server is this machine's and the places are the default ones", () => {
    const target = targetOf({}, { COFFER_TOKEN: "coffer_person_env" }, null);
    expect({ ...target, url: target.url.href }).toEqual({
      url: "http://127.0.0.1:8200/",
      token: "coffer_person_env",
      organization: "default",
      store: "default",
    });
  });

  test.each([{ url: "https://elsewhere.example.org" }, { url: "http://127.0.0.1:8201" }])(
    "a kept token is not sent to another server: $url",
    (options) => {
      expect(() => targetOf(options, {}, kept)).toThrow("another server");
      expect(() => targetOf({}, { COFFER_URL: options.url }, kept)).toThrow("another server");
    },
  );

  test("a kept login's places do not reach into another server either", () => {
    const target = targetOf({ url: "https://a.example.org" }, { COFFER_TOKEN: "coffer_person_env" }, kept);
    expect(target).toMatchObject({ organization: "default", store: "default" });
  });

  test("variables that are set to nothing are not set", () => {
    const target = targetOf({}, { COFFER_URL: "", COFFER_TOKEN: "", COFFER_ORG: "", COFFER_STORE: "" }, kept);
    expect(target).toMatchObject({ token: "coffer_person_kept", organization: "acme", store: "web" });
  });

  test("no token anywhere is refused with the exit code of a refusal", () => {
    expect(() => targetOf({}, {}, null)).toThrow(expect.objectContaining({ exitCode: exitCodes.refused }));
  });

  test.each(["two words", "line\nbreak", 'quo"te', "ключ", ""])("%j is no token", (token) => {
    expect(() => targetOf({}, { COFFER_TOKEN: token }, null)).toThrow(/token|logged in/);
  });
});
