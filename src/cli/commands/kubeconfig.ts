// `coffer kubeconfig`: what kubectl needs to reach one store, as a file for it.
import type { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { createFile } from "../files.ts";
import {
  type ConnectionOptions,
  connectionOptions,
  openSession,
  optionsOf,
  type Session,
} from "../session.ts";
import type { Shell } from "../shell.ts";

interface KubeconfigOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly out?: string;
}

export function kubeconfigCommand(program: Command, shell: Shell): void {
  const kubeconfig = program
    .command("kubeconfig")
    .description("print a kubeconfig: the server, what vouches for it, your token, a store as namespace")
    .option("--namespace <name>", "the namespace, a store's slug (default: the store in use)")
    .option("--out <file>", "write it there instead, readable by you alone; the file must not be there yet")
    .addHelpText(
      "after",
      `
It holds the token of this login as it is: whoever has the file is you. For a pod or a pipeline
make a token that can do less (coffer token create) and hand it over in COFFER_TOKEN. kubectl sends
no token over http, so the server must do TLS: coffer serve --tls auto.

Examples:
  coffer kubeconfig --namespace web-prod --out kubeconfig
  kubectl --kubeconfig kubeconfig get securevalues
  KUBECONFIG=~/.kube/config:kubeconfig kubectl config view --flatten`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<KubeconfigOptions>(command);
      const session = await openSession(shell, options);
      const { output } = session;
      const content = kubeconfigOf(session, namespaceOf(options.namespace ?? session.client.place.store));
      const { stringify } = await import("yaml");
      const text = output.json
        ? `${JSON.stringify(content, null, 2)}\n`
        : stringify(content, { lineWidth: 0 });
      if (options.out === undefined) return output.raw(text);
      await createFile(options.out, text);
      await output.say(`Written to ${options.out}. It holds your token.`);
    });
  connectionOptions(kubeconfig);
}

function kubeconfigOf({ url, token, authority }: Session, namespace: string) {
  if (url.protocol !== "https:") {
    throw new Failure(exitCodes.usage, `kubectl sends no token to ${url.origin}: it is not https`, {
      hint: "start the server with --tls auto, or a certificate of your own",
    });
  }
  const cluster = {
    server: url.href.replace(/\/$/, ""),
    ...(authority === null
      ? {}
      : { "certificate-authority-data": Buffer.from(authority).toString("base64") }),
  };
  // Named after the server and the place, so that several can be merged into one file.
  const context = `${namespace}@${url.host}`;
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: url.host, cluster }],
    users: [{ name: `coffer@${url.host}`, user: { token } }],
    contexts: [{ name: context, context: { cluster: url.host, user: `coffer@${url.host}`, namespace } }],
    "current-context": context,
  };
}

/** As Kubernetes has them: DNS labels, which slugs are too. */
function namespaceOf(name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw usage(`"${name}" is not a namespace`, "it is the slug of a store: coffer store list");
}
