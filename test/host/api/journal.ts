/** What the journal says was decided about intents. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const Rows = z.array(z.object({ id: z.string(), decided: z.number() }));

/** Ids of the intents that were decided, each as often as there is a decision or an entry of it. */
export function decidedIntents(data: string): readonly string[] {
  const [store] = readdirSync(data).filter((name) => name.startsWith("paper-"));
  const database = new DatabaseSync(join(data, store ?? "", "journal.sqlite"), { readOnly: true });
  try {
    const rows = database
      .prepare(
        `SELECT intent_id AS id, (
           SELECT count(*) FROM (
             SELECT decision_id FROM decisions UNION SELECT decision_id FROM intents
           ) WHERE decision_id = json_extract(answer, '$.decision_id')
         ) AS decided FROM outside_intents`,
      )
      .all();
    return Rows.parse(rows).flatMap(({ id, decided }) => Array.from({ length: decided }, () => id));
  } finally {
    database.close();
  }
}
