import { describe, expect, test } from "vitest";
import { isEncString } from "./encstring.ts";

const type2 =
  "2.ICEiIyQlJicoKSorLC0uLw==|k8CHDSsFFVAdiHu+uNC+FjnhsRdu36HkDW6AAzsjQlg=|jQC7KYE9VZZN6N70/2cCAWVt7f43cdO05i5hpxJD6SE=";

describe("the form of an EncString", () => {
  test.each([type2, "7.AAAA", "2.AAAA|AAAA|AAA="])("%s is one", (text) =>
    expect(isEncString(text)).toBe(true),
  );

  test.each([
    "",
    "2",
    "2.",
    "2.AAAA",
    "2.AAAA|AAAA",
    "2.AAAA|AAAA|AAAA|AAAA",
    "2.AAAA||AAAA",
    "2.AAA|AAAA|AAAA",
    "2.AAAA|AA A|AAAA",
    "2.AAAA|AA-A|AAAA",
    "2.AAAA|AAAA|A=AA",
    "2.AAAA|AAAA|====",
    "02.AAAA|AAAA|AAAA",
    "8.AAAA",
    "7.AAAA|AAAA",
    "0.AAAA|AAAA",
    ".AAAA|AAAA|AAAA",
    "AAAA|AAAA|AAAA",
    "plain text",
  ])("%j is none", (text) => expect(isEncString(text)).toBe(false));
});
