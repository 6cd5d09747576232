// Keeps what the engine made of the sources, types stripped, so that a later start need not do it in
// every thread: an idle server is about 30 MB smaller for it. The folder is the checkout's own: one
// that others could write, as below /tmp, would let them choose what runs here.
"use strict";

const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

// Not in the older releases that this file may meet.
if (enableCompileCache) enableCompileCache(join(__dirname, "..", "node_modules", ".cache", "coffer"));
