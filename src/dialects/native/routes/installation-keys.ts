// Keys of the installation as a whole: its own key, and the root key above all others. Of operators.
import type { Operations } from "../../../core/operations.ts";
import { wholeNumber } from "../../../http/queries.ts";
import { installationKeyStatus, presentInstallationKeys, presentStep, rewrapped } from "../keys.ts";
import { type Route, route } from "../route.ts";
import { termRule } from "./keys.ts";

const all = "/v1/installation/keys";
const roots = "/v1/installation/root-keys";

export function installationKeyRoutes({ keys }: Operations): readonly Route[] {
  const { installation, roots: rootKeys } = keys;
  return [
    route(
      {
        method: "GET",
        url: all,
        operationId: "getInstallationKeys",
        summary:
          "The installation's own key, the root keys, which nodes hold them, and how far a rotation has come",
        status: 200,
        answer: installationKeyStatus,
      },
      async ({ caller }) => presentInstallationKeys(await installation.status(caller)),
    ),

    route(
      {
        method: "POST",
        url: `${all}/rotate`,
        operationId: "rotateInstallationKey",
        summary: "Begin a new term of the installation's own key; what it seals moves at once",
        status: 200,
        answer: installationKeyStatus,
      },
      async ({ caller }) => {
        await installation.rotate(caller);
        return presentInstallationKeys(await installation.status(caller));
      },
    ),

    route(
      {
        method: "POST",
        url: `${all}/:term/destroy`,
        operationId: "destroyInstallationKey",
        summary: "Destroy a retired term of the installation's own key",
        status: 204,
      },
      async ({ caller, params }) => {
        await installation.destroy(caller, wholeNumber("term", params.term, termRule));
      },
    ),

    route(
      {
        method: "POST",
        url: `${roots}/rotate`,
        operationId: "rotateRootKey",
        summary: "Read the server's root keys again, and add the one that is marked active",
        status: 200,
        answer: installationKeyStatus,
      },
      async ({ caller }) => {
        await rootKeys.rotate(caller);
        return presentInstallationKeys(await installation.status(caller));
      },
    ),

    route(
      {
        method: "POST",
        url: `${roots}/rewrap`,
        operationId: "rewrapKeys",
        summary: "The next step of a rotation of the root key; repeat it until it has ended",
        status: 200,
        answer: rewrapped,
      },
      async ({ caller }) => presentStep(await rootKeys.rewrap(caller)),
    ),

    route(
      {
        method: "POST",
        url: `${roots}/:rootKey/retire`,
        operationId: "retireRootKey",
        summary: "Give up a root key that wraps nothing any more",
        status: 204,
      },
      async ({ caller, params }) => rootKeys.retire(caller, params.rootKey),
    ),

    route(
      {
        method: "POST",
        url: `${roots}/:rootKey/destroy`,
        operationId: "destroyRootKey",
        summary: "Never take a retired root key again",
        status: 204,
      },
      async ({ caller, params }) => rootKeys.destroy(caller, params.rootKey),
    ),
  ];
}
