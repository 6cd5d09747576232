// What people and machines need to speak with the Bitwarden API: access tokens of machines, and the key
// under which names and values travel to oneself. There both are made by clients alone.
import { Type } from "typebox";
import type { Operations } from "../../../core/operations.ts";
import { instant } from "../../../http/queries.ts";
import { idRef, placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const request = schema.strict({
  name: schema.text,
  expiresAt: Type.Optional(schema.nullable(schema.text)),
});

const minted = Type.Object({
  id: schema.text,
  /** Shown in this answer alone. */
  accessToken: schema.text,
});

const transport = Type.Object({
  /** 64 bytes in base64: the first half encrypts, the second authenticates. */
  transportKey: schema.text,
});

export function bitwardenRoutes({ accessTokens }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "POST",
        url: "/v1/organizations/:org/machines/:id/access-tokens",
        operationId: "createAccessToken",
        summary: "Make a Bitwarden access token of a machine; its text is in this answer alone",
        body: request,
        status: 201,
        answer: minted,
      },
      async ({ caller, params, body }) => {
        const { name, expiresAt = null } = body;
        const until = expiresAt === null ? null : instant("expiresAt", expiresAt);
        const org = placeRef("organization", params.org);
        const machineId = idRef("id", params.id);
        const made = await accessTokens.mint(caller, org, machineId, { name, expiresAt: until });
        return { id: made.token.id, accessToken: made.text };
      },
    ),

    route(
      {
        method: "GET",
        url: "/v1/organizations/:org/bitwarden/transport-key",
        operationId: "getTransportKey",
        summary: "The key of all EncStrings between the caller and the Bitwarden API",
        status: 200,
        answer: transport,
      },
      async ({ caller, params }) => ({
        transportKey: await accessTokens.transportText(caller, placeRef("organization", params.org)),
      }),
    ),
  ];
}
