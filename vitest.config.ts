// One run over everything that is a vitest test, in projects named after what they prove.
import { configDefaults, defineConfig } from "vitest/config";

const crossing = ["contract", "backends", "dialects", "security", "cli", "docs"];

export default defineConfig({
  test: {
    // Processes, not threads: tests start workers, send signals and change their working folder.
    pool: "forks",
    maxWorkers: 2,
    // A test may start a server or a PostgreSQL instance on a busy machine with two cores.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    passWithNoTests: true,
    projects: [
      // Whatever lies in no other project is a unit test, so that no file is left out by its folder.
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{src,test,scripts,bench,conformance}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...crossing.map((name) => `test/${name}/**`)],
        },
      },
      ...crossing.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`] },
      })),
    ],
  },
});
