// Statements whose text depends on how many values a query carries. There is one per shape, never
// one per query, so that the engines keep them prepared; every value still travels as a parameter.
import { type SqlValue, type Statement, sql } from "../sql.ts";

export interface Prepared<Row> {
  readonly statement: Statement<Row>;
  readonly values: readonly SqlValue[];
}

export type Parameter = (value: SqlValue) => string;

/** Far more shapes than people use; past it all are forgotten, and made again as they come. */
const shapesKeptMax = 512;

/** The statements of one family, by their text. */
export function shapesOf<Row>(): (text: string) => Statement<Row> {
  const shapes = new Map<string, Statement<Row>>();
  return (text) => {
    const known = shapes.get(text);
    if (known !== undefined) return known;
    if (shapes.size >= shapesKeptMax) shapes.clear();
    const statement = sql<Row>`${text}`;
    shapes.set(text, statement);
    return statement;
  };
}

/** Adds a value and answers the name under which the text refers to it. */
export function parametersInto(values: SqlValue[]): Parameter {
  return (value) => {
    values.push(value);
    return `$${values.length}`;
  };
}

/** Past this a statement would near the 32,766 parameters that SQLite binds. */
const idsOneByOneMax = 1_024;
const idCharacters = 36;
/** In one parameter, so short that cutting it from its beginning each time costs little. */
const idsTogether = 32;

/** Ids in any number: many of them travel together and are cut apart by the engine. */
export function oneOfIds(ids: readonly string[], parameter: Parameter): string {
  if (ids.length <= idsOneByOneMax) return oneOf(ids, parameter);
  const runs: string[] = [];
  for (let at = 0; at < ids.length; at += idsTogether) runs.push(ids.slice(at, at + idsTogether).join(""));
  const rows = oneOf(runs, (run) => `(CAST(${parameter(run)} AS TEXT))`);
  return `(
    WITH RECURSIVE runs (ids) AS (VALUES ${rows.slice(1, -1)}),
      cut (ids, place) AS (
        SELECT ids, 1 FROM runs
        UNION ALL
        SELECT ids, place + ${idCharacters} FROM cut WHERE place + ${idCharacters} <= length(ids))
    SELECT substr(ids, place, ${idCharacters}) FROM cut)`;
}

/** A list of parameters, the last repeated up to a power of two: fewer shapes. Of nothing: nothing. */
export function oneOf(values: readonly string[], parameter: Parameter): string {
  const last = values.at(-1);
  if (last === undefined) return "(NULL)";
  const places = 2 ** Math.ceil(Math.log2(values.length));
  const padding = Array.from({ length: places - values.length }, () => last);
  return `(${[...values, ...padding].map(parameter).join(", ")})`;
}
