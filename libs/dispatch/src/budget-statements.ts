/** A day of the budget is one of UTC, by the database's clock. */
const TODAY = `(clock_timestamp() AT TIME ZONE 'UTC')::date`;

/** The SQL of the daily budget. Amounts are exact numbers of US dollars. */
export const BUDGET_SQL = {
  /** Takes the amount in the same statement that proves it fits: no row = it does not. */
  reserve: `
    WITH taken AS (
      INSERT INTO cost_days AS d (day, reserved)
      SELECT ${TODAY}, $3::numeric WHERE $3::numeric <= $5::numeric
      ON CONFLICT (day) DO UPDATE SET reserved = d.reserved + excluded.reserved
        WHERE d.spent + d.reserved + excluded.reserved <= $5::numeric
      RETURNING day
    )
    INSERT INTO cost_reservations (call_id, fence, day, amount, input_amount, expires_at)
    SELECT $1::uuid, $2::int, day, $3::numeric, $4::numeric,
           clock_timestamp() + $6::float8 * interval '1 millisecond'
    FROM taken RETURNING id`,

  /** A reservation that is gone was returned before, and counts no second time. */
  settle: `
    WITH gone AS (
      DELETE FROM cost_reservations r USING unnest($1::bigint[], $2::numeric[]) AS s (id, cost)
      WHERE r.id = s.id RETURNING r.day, r.amount, s.cost
    ), sums AS (SELECT day, sum(amount) AS amount, sum(cost) AS cost FROM gone GROUP BY day)
    UPDATE cost_days d SET reserved = greatest(0, d.reserved - s.amount), spent = d.spent + s.cost
    FROM sums s WHERE d.day = s.day`,

  add: `
    INSERT INTO cost_days AS d (day, spent)
    SELECT day::date, cost FROM unnest($1::text[], $2::numeric[]) AS c (day, cost)
    ON CONFLICT (day) DO UPDATE SET spent = d.spent + excluded.spent`,

  /** Their worker died: whether the vendor answered is not known, but the prompt was probably read. */
  returnExpired: `
    WITH gone AS (
      DELETE FROM cost_reservations WHERE expires_at < clock_timestamp() RETURNING day, amount, input_amount
    ), sums AS (SELECT day, sum(amount) AS amount, sum(input_amount) AS cost FROM gone GROUP BY day)
    UPDATE cost_days d SET reserved = greatest(0, d.reserved - s.amount), spent = d.spent + s.cost
    FROM sums s WHERE d.day = s.day`,

  today: `
    SELECT coalesce(sum(d.spent), 0)::float8 AS "spentUsd", coalesce(sum(d.reserved), 0)::float8 AS "reservedUsd",
           (extract(epoch FROM (t.day + 1)::timestamp AT TIME ZONE 'UTC' - clock_timestamp()) * 1000)::float8 AS "msLeft",
           t.day::text AS day
    FROM (SELECT ${TODAY} AS day) t LEFT JOIN cost_days d ON d.day = t.day GROUP BY t.day`,
};
