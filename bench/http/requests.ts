// A job's requests as autocannon takes them, one list for each connection.
import type { Request } from "autocannon";
import type { Job } from "./load.ts";
import { namesOf, secretName, secretValue, storePath } from "./secrets.ts";

export function requestsOf(job: Job): (client: number) => Request[] {
  const authorization = { authorization: `Bearer ${job.token}` };
  const withBody = { ...authorization, "content-type": "application/json" };
  const { requests, connections } = job;
  switch (requests.kind) {
    case "reveal": {
      const all = namesOf(requests.secrets).map(
        (name): Request => ({
          method: "GET",
          path: `${storePath}/secrets/${name}/value`,
          headers: authorization,
        }),
      );
      return (client) => share(all, client, connections);
    }
    case "batch": {
      const names = namesOf(requests.secrets);
      const all = Array.from(
        { length: Math.floor(names.length / requests.size) },
        (_, index): Request => ({
          method: "POST",
          path: `${storePath}/values`,
          headers: withBody,
          body: JSON.stringify({ names: names.slice(index * requests.size, (index + 1) * requests.size) }),
        }),
      );
      return (client) => share(all, client, connections);
    }
    case "rewrite": {
      const all = namesOf(requests.secrets).map(
        (name, index): Request => ({
          method: "PUT",
          path: `${storePath}/secrets/${name}/value`,
          headers: withBody,
          body: JSON.stringify({ value: secretValue(index) }),
        }),
      );
      return (client) => share(all, client, connections);
    }
    case "create": {
      let index = requests.from - 1;
      const create = (): Request => ({
        method: "POST",
        path: `${storePath}/secrets`,
        headers: withBody,
        // Called anew before each sending.
        setupRequest(request) {
          index += 1;
          return {
            ...request,
            body: JSON.stringify({ name: secretName(index), value: secretValue(index) }),
          };
        },
      });
      return () => [create()];
    }
    case "get": {
      const all = requests.paths.map((path): Request => ({ method: "GET", path, headers: authorization }));
      return (client) => share(all, client, connections);
    }
    case "tokens": {
      const { path, tokens } = requests;
      const all = tokens.map(
        (token): Request => ({ method: "GET", path, headers: { authorization: `Bearer ${token}` } }),
      );
      return (client) => share(all, client, connections);
    }
  }
}

/**
 * Connections start in step, so one list for all would ask for the same secret at the same time.
 * Each takes every n-th of the list; a list too short for that is gone through from different places.
 */
function share(all: readonly Request[], client: number, connections: number): Request[] {
  const own =
    all.length >= connections
      ? all.filter((_, index) => index % connections === client % connections)
      : all.map((_, index) => all[(index + client) % all.length] ?? {});
  // autocannon writes into what it is given.
  return own.map((request) => ({ ...request }));
}
