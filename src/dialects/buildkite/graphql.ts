// As much GraphQL as Terraform asks for its clusters: what it selects is answered by a real executor.
// Nothing leads back to where one came from, so that no question is larger than its text.
import {
  buildSchema,
  type DocumentNode,
  execute,
  GraphQLError,
  KnownTypeNamesRule,
  parse,
  specifiedRules,
  validate,
} from "graphql";

const schema = buildSchema(`
  interface Node { id: ID! }
  enum ClusterOrder { NAME RECENTLY_CREATED }

  type Query {
    organization(slug: ID!): Organization
    node(id: ID!): Node
  }

  type Organization implements Node {
    id: ID!
    uuid: ID!
    slug: String!
    name: String!
    allowedApiIpAddresses: String
    membersRequireTwoFactorAuthentication: Boolean!
    cluster(id: ID!): Cluster
    clusters(order: ClusterOrder, first: Int, after: String): ClusterConnection!
  }

  type ClusterConnection { pageInfo: PageInfo! edges: [ClusterEdge!]! }
  type ClusterEdge { node: Cluster! cursor: String! }
  type PageInfo { endCursor: String hasNextPage: Boolean! }

  type Cluster implements Node {
    id: ID!
    uuid: ID!
    name: String!
    description: String
    emoji: String
    color: String
    defaultQueue: ClusterQueue
  }

  type ClusterQueue implements Node { id: ID! uuid: ID! key: String! description: String }

  type Mutation {
    clusterCreate(input: ClusterCreateInput!): ClusterCreatePayload
    clusterUpdate(input: ClusterUpdateInput!): ClusterUpdatePayload
    clusterDelete(input: ClusterDeleteInput!): ClusterDeletePayload
  }

  input ClusterCreateInput {
    clientMutationId: String
    organizationId: ID!
    name: String!
    description: String
    emoji: String
    color: String
  }
  input ClusterUpdateInput {
    clientMutationId: String
    organizationId: ID!
    id: ID!
    name: String
    description: String
    emoji: String
    color: String
  }
  input ClusterDeleteInput { clientMutationId: String organizationId: ID! id: ID! }

  type ClusterCreatePayload { clientMutationId: String cluster: Cluster! }
  type ClusterUpdatePayload { clientMutationId: String cluster: Cluster! }
  type ClusterDeletePayload { clientMutationId: String deletedClusterId: ID! }
`);

/** One question for a node spreads over all types of the service, also those that are not here. */
const rules = specifiedRules.filter((rule) => rule !== KnownTypeNamesRule);

/** Terraform's longest question has some two hundred. */
const tokensMax = 1_000;

export interface Question {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
}

export interface Answered {
  readonly data: unknown;
  readonly errors: readonly GraphQLError[];
}

/** `root` answers the fields of Query and Mutation. */
export async function answer({ query, variables, operationName }: Question, root: object): Promise<Answered> {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: tokensMax, noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) return { data: null, errors: [error] };
    throw error;
  }
  const wrong = validate(schema, document, rules, { maxErrors: 10 });
  if (wrong.length > 0) return { data: null, errors: wrong };
  const { data = null, errors = [] } = await execute({
    schema,
    document,
    rootValue: root,
    variableValues: variables,
    ...(operationName === null ? {} : { operationName }),
  });
  return { data, errors };
}
