import { describe, expect, test } from "vitest";
import { parseServerUrl, requestUrl } from "./http.ts";

const base = parseServerUrl("http://127.0.0.1:8200/", false);

describe("where a request goes", () => {
  test.each([
    ["a/b", "a%2Fb"],
    ["100%", "100%25"],
    ["%2e%2e", "%252e%252e"],
    ["ключ 🗝", "%D0%BA%D0%BB%D1%8E%D1%87%20%F0%9F%97%9D"],
    ["a?b#c", "a%3Fb%23c"],
    ["a\\b", "a%5Cb"],
    ["...", "..."],
  ])("the name %j is one segment", (name, encoded) => {
    const url = requestUrl(base, ["organizations", "default", "stores", "s", "secrets", name]);
    expect(url.href).toBe(`http://127.0.0.1:8200/v1/organizations/default/stores/s/secrets/${encoded}`);
  });

  test.each([".", "..", ""])("the name %j is refused, not resolved away", (name) => {
    expect(() => requestUrl(base, ["organizations", "default", "stores", name])).toThrow(/name/);
  });

  test("a path before the routes is kept", () => {
    const url = requestUrl(parseServerUrl("https://example.org/coffer/", false), ["whoami"]);
    expect(url.href).toBe("https://example.org/coffer/v1/whoami");
  });

  test("query members are encoded, repeated and left out", () => {
    const url = requestUrl(base, ["x"], {
      search: "a&b=c",
      label: ["k=v", "l=w"],
      cursor: undefined,
      purge: true,
    });
    expect(url.search).toBe("?search=a%26b%3Dc&label=k%3Dv&label=l%3Dw&purge=true");
  });
});

describe("which servers are spoken to", () => {
  test.each([
    "http://127.0.0.1:8200",
    "http://127.9.9.9",
    "http://localhost:1",
    "http://[::1]:1",
    "https://a.org",
  ])("%s", (source) => expect(parseServerUrl(source, false).host).not.toBe(""));

  test.each([
    "http://example.org",
    "http://10.0.0.1:8200",
    "http://127.0.0.1.example.org",
    "http://localhost.example.org",
    "http://0.0.0.0:8200",
  ])("not %s, unless one says so", (source) => {
    expect(() => parseServerUrl(source, false)).toThrow("open http");
    expect(parseServerUrl(source, true).href).toContain(source);
  });

  test.each([
    "example.org",
    "ftp://a.org",
    "file:///etc/passwd",
    "https://u:p@a.org",
    "https://a.org/?x=1",
    "https://a.org/#x",
    "",
  ])("never %j", (source) => expect(() => parseServerUrl(source, true)).toThrow("URL must"));

  test("a URL that is refused is not repeated: it may hold a password", () => {
    expect(() => parseServerUrl("https://u:hunter2@a.org", true)).toThrow(/^(?!.*hunter2)/);
  });
});
