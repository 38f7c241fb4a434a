// Ways up the broader relation. It may have several parents and cycles; nothing here may loop or recurse on them.
import type { Concept } from "./concept.ts";

/** See `Taxonomy.pathTo`. Breadth first, so the way is a shortest one; among equals, file order decides. */
export function pathTo(concept: Concept, get: (id: string) => Concept | undefined): Concept[] {
  const cameFrom = new Map<Concept, Concept | undefined>([[concept, undefined]]);
  let last = concept;
  for (const current of cameFrom.keys()) {
    last = current;
    if (current.broader.length === 0) break;
    for (const id of current.broader) {
      const parent = get(id);
      if (parent !== undefined && !cameFrom.has(parent)) cameFrom.set(parent, current);
    }
  }
  const path: Concept[] = [];
  for (let it: Concept | undefined = last; it !== undefined; it = cameFrom.get(it)) path.push(it);
  return path;
}

/**
 * Concepts that are their own ancestors, in no order: the members of strongly connected components with more than
 * one concept (Tarjan, without recursion). Linear in concepts and relations.
 */
export function conceptsOnCycles(concepts: readonly Concept[], get: (id: string) => Concept | undefined): Concept[] {
  const order = new Map<Concept, number>();
  const low = new Map<Concept, number>();
  const open: Concept[] = [];
  const isOpen = new Set<Concept>();
  const found: Concept[] = [];
  for (const start of concepts) {
    if (order.has(start)) continue;
    const visits: { concept: Concept; next: number }[] = [];
    enter(start, visits);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const { concept } = visit;
      const id = concept.broader[visit.next++];
      if (id === undefined) {
        visits.pop();
        leave(concept, visits.at(-1)?.concept);
        continue;
      }
      const parent = get(id);
      if (parent === undefined) continue;
      if (!order.has(parent)) enter(parent, visits);
      else if (isOpen.has(parent)) low.set(concept, Math.min(low.get(concept)!, order.get(parent)!));
    }
  }
  return found;

  function enter(concept: Concept, visits: { concept: Concept; next: number }[]): void {
    low.set(concept, order.size);
    order.set(concept, order.size);
    open.push(concept);
    isOpen.add(concept);
    visits.push({ concept, next: 0 });
  }

  function leave(concept: Concept, child: Concept | undefined): void {
    if (child !== undefined) low.set(child, Math.min(low.get(child)!, low.get(concept)!));
    if (low.get(concept) !== order.get(concept)) return;
    const component = open.splice(open.lastIndexOf(concept));
    for (const it of component) isOpen.delete(it);
    if (component.length > 1) found.push(...component);
  }
}
