// Node's HTTP server without its web client. An `import` of "node:http" reads every export, and some of
// those load the runtime's whole fetch: 16 MB that a server which never calls it would carry.
export const { createServer, ServerResponse } = process.getBuiltinModule("node:http");
