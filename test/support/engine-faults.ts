// Breaks the engine at named points, once each, and counts its groups.
const broken = new Set<string>();

/** Groups begun on this thread. */
export const counted = { groups: 0 };

export function fault(point: string): void {
  if (point === "group.begin") counted.groups += 1;
  const breaks = point === "note.lose.before-commit" || point === "note.confirmless.after-commit";
  if (!breaks || broken.has(point)) return;
  broken.add(point);
  throw new Error(`planted at ${point}`);
}
