// Claim policies, checked and tried on this machine: the same engine as in the server, and no server.
import type { Command } from "commander";
import type { Explanation } from "../../core/policies/explain.ts";
import type { Policy } from "../../core/policies/parse.ts";
import { exitCodes } from "../exit-codes.ts";
import { usage } from "../failure.ts";
import { readInput } from "../files.ts";
import { readJson } from "../json-input.ts";
import { outputOf } from "../output.ts";
import { jsonOption, optionsOf } from "../session.ts";
import { type Shell, utf8 } from "../shell.ts";

interface PolicyOptions {
  readonly claims: string;
  readonly json?: boolean;
}

export function policyCommands(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  const policy = program.command("policy").description("claim policies: which jobs may read a secret");
  const check = policy
    .command("check [file]")
    .description("say whether a policy (YAML; stdin without a file, or as -) is right, or what is wrong")
    .addHelpText(
      "after",
      `
Examples:
  coffer policy check policy.yaml
  coffer secret show API_KEY --json | jq -r .policy | coffer policy check`,
    )
    .action(async (file: string | undefined, _, command: Command) => {
      const rules = (await readPolicy(file ?? "-", shell))?.rules.length ?? 0;
      const output = outputOf(shell, optionsOf<PolicyOptions>(command).json ?? false);
      await output.data({ ok: true, rules }, () => `ok: ${rulesText(rules)}\n`);
    });
  jsonOption(check);

  const test = policy
    .command("test <file>")
    .description("say whether a job with these claims may read a secret with this policy, and why")
    .requiredOption("--claims <file>", "the job's claims, as a JSON object")
    .addHelpText(
      "after",
      `
Either file may be -, for stdin.

Exit codes: 0 allowed, 5 denied, 2 the policy or the claims are not right.

Example:
  printf %s '{"pipeline_slug":"web","build_branch":"main"}' | coffer policy test policy.yaml --claims -`,
    )
    .action(async (file: string, _, command: Command) => {
      const options = optionsOf<PolicyOptions>(command);
      if (file === "-" && options.claims === "-")
        throw usage("the policy and the claims cannot both be stdin");
      const policy = await readPolicy(file, shell);
      const claims = await readClaims(options.claims, shell);
      const { explain } = await import("../../core/policies/explain.ts");
      const explanation = explain(policy, claims);
      await outputOf(shell, options.json ?? false).data(explanation, () => explanationText(explanation));
      if (!explanation.allowed) end(exitCodes.refused);
    });
  jsonOption(test);
}

async function readPolicy(file: string, shell: Shell): Promise<Policy | null> {
  const text = utf8(await readInput(file, shell), "the policy");
  const { parsePolicy } = await import("../../core/policies/parse.ts");
  return parsePolicy(text);
}

async function readClaims(file: string, shell: Shell) {
  const given = await readJson(file, shell, "the claims");
  const { parseClaims } = await import("../../core/policies/claims.ts");
  return parseClaims(given);
}

function rulesText(rules: number): string {
  if (rules === 0) return "no policy, every job of the store may read the value";
  return rules === 1 ? "1 rule" : `${rules} rules`;
}

function explanationText({ allowed, because, rules }: Explanation): string {
  const lines = [`${allowed ? "allowed" : "denied"}: ${because}`];
  for (const { rule, line, met, claims } of rules) {
    lines.push(`rule ${rule} (line ${line}): ${met ? "met" : "not met"}`);
    for (const { claim, outcome } of claims) lines.push(`  ${claim}: ${outcome}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
