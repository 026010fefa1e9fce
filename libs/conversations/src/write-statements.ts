/**
 * One statement, hence one transaction and one round trip. The upsert locks the conversation's row, so that
 * concurrent commits get consecutive numbers; a call that has written already writes nothing.
 */
export const COMMIT = `
  WITH earlier AS (
    SELECT conversation_id FROM messages WHERE call_id = $1 LIMIT 1
  ), thread AS (
    INSERT INTO conversations AS c (id, tenant_id, principal_id, tool_name, turn_count, expires_at)
    SELECT $2::uuid, $3::text, $4::text, $5::text, 2, clock_timestamp() + $6::float8 * interval '1 millisecond'
    WHERE NOT EXISTS (SELECT 1 FROM earlier)
    ON CONFLICT (id) DO UPDATE SET
      turn_count = c.turn_count + 2,
      last_activity_at = clock_timestamp(),
      expires_at = excluded.expires_at
    WHERE c.turn_count + 2 <= $7
    RETURNING c.id, c.turn_count
  ), written AS (
    INSERT INTO messages
      (conversation_id, seq, role, content, tool_name, provider, model, files, usage, call_id)
    SELECT thread.id, thread.turn_count - 1, 'user', $8::text, $5::text, NULL, NULL, $9::jsonb, NULL, $1::uuid
      FROM thread
    UNION ALL
    SELECT thread.id, thread.turn_count, 'assistant', $10::text, $5::text, $11::text, $12::text, '[]', $13::jsonb, $1::uuid
      FROM thread
  )
  SELECT (SELECT conversation_id FROM earlier) AS earlier, (SELECT id FROM thread) AS written`;

/**
 * One statement too. The conversation's row is locked first, so that the turn limit and the version are judged by
 * what is there when it writes. $16 is the version that was read, 0 for none; $14 the number of turns: 2 or 0.
 */
export const RECORD = `
  WITH earlier AS (
    SELECT conversation_id FROM messages WHERE call_id = $1 LIMIT 1
  ), locked AS MATERIALIZED (
    SELECT id, turn_count FROM conversations WHERE id = $2::uuid FOR UPDATE
  ), overfull AS (
    SELECT 1 FROM locked WHERE turn_count + $14::int > $7::int
  ), recorded AS (
    INSERT INTO workflows AS w (conversation_id, tool_name, state, version, call_id)
    SELECT $2::uuid, $5::text, $15::jsonb, 1, $1::uuid
    WHERE NOT EXISTS (SELECT 1 FROM earlier) AND NOT EXISTS (SELECT 1 FROM overfull)
      AND ($16::int = 0 OR EXISTS (SELECT 1 FROM locked))
    ON CONFLICT (conversation_id, tool_name) DO UPDATE SET
      state = excluded.state, version = w.version + 1, call_id = excluded.call_id
    WHERE w.version = $16::int
    RETURNING conversation_id
  ), thread AS (
    INSERT INTO conversations AS c (id, tenant_id, principal_id, tool_name, turn_count, expires_at)
    SELECT conversation_id, $3::text, $4::text, $5::text, $14::int,
      clock_timestamp() + $6::float8 * interval '1 millisecond'
      FROM recorded
    ON CONFLICT (id) DO UPDATE SET
      turn_count = c.turn_count + $14::int,
      last_activity_at = clock_timestamp(),
      expires_at = excluded.expires_at
    RETURNING c.id, c.turn_count
  ), written AS (
    INSERT INTO messages
      (conversation_id, seq, role, content, tool_name, provider, model, files, usage, call_id)
    SELECT thread.id, thread.turn_count - 1, 'user', $8::text, $5::text, NULL, NULL, $9::jsonb, NULL, $1::uuid
      FROM thread WHERE $14::int > 0
    UNION ALL
    SELECT thread.id, thread.turn_count, 'assistant', $10::text, $5::text, $11::text, $12::text, '[]', $13::jsonb, $1::uuid
      FROM thread WHERE $14::int > 0
  )
  SELECT (SELECT conversation_id FROM earlier) AS earlier, (SELECT id FROM thread) AS written,
    EXISTS (SELECT 1 FROM overfull) AS overfull`;
