// Which of the formats a file has: said with --format, or by its name.
import { usage } from "../failure.ts";

export const carriedFormats = ["dotenv", "json", "yaml"] as const;
export type CarriedFormat = (typeof carriedFormats)[number];

const endings: readonly (readonly [RegExp, CarriedFormat])[] = [
  [/\.json$/i, "json"],
  [/\.ya?ml$/i, "yaml"],
  [/(^|[/.])\.?env(\.[\w-]+)?$/i, "dotenv"],
];

export function formatOf(said: CarriedFormat | undefined, path: string | undefined): CarriedFormat {
  const named = path === undefined ? undefined : endings.find(([ending]) => ending.test(path))?.[1];
  const format = said ?? named;
  if (format === undefined) throw usage("the format is not known", "say --format dotenv, json or yaml");
  return format;
}
