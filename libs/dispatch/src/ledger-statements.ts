/**
 * The ledger's SQL. Times are the database's: processes on machines with differing clocks agree on deadlines,
 * because only durations travel.
 */
export const SQL = {
  accept: `
    INSERT INTO tool_calls (id, tenant_id, principal_id, scopes, tool, args, state, correlation_id, session_id,
                            transport, client_name, client_version, limits, deadline_at, client_files, asks, input_responses)
    SELECT id, tenant, subject, scopes, tool, args::json, 'ACCEPTED', correlation, session, transport,
           client_name, client_version, limits::jsonb, clock_timestamp() + remaining * interval '1 millisecond',
           client_files::json, asks, input_responses::json
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::text[], $15::text[],
                $16::text[])
      AS c (id, tenant, subject, scopes, tool, args, correlation, session, transport, client_name,
            client_version, limits, remaining, client_files, asks,
            input_responses)`,

  /** With idempotency keys: rows whose key is in use are left out. */
  acceptKeyed: `
    INSERT INTO tool_calls (id, tenant_id, principal_id, scopes, tool, args, state, correlation_id, session_id,
                            transport, client_name, client_version, limits, deadline_at, client_files, asks, input_responses,
                            idempotency_key, args_hash)
    SELECT id, tenant, subject, scopes, tool, args::json, 'ACCEPTED', correlation, session, transport,
           client_name, client_version, limits::jsonb, clock_timestamp() + remaining * interval '1 millisecond',
           client_files::json, asks, input_responses::json, key, decode(hash, 'hex')
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::text[], $15::text[], $16::text[],
                $17::text[], $18::text[])
      AS c (id, tenant, subject, scopes, tool, args, correlation, session, transport, client_name,
            client_version, limits, remaining, client_files, asks,
            input_responses, key, hash)
    ON CONFLICT (tenant_id, principal_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id`,

  keyHolder: `
    SELECT id, correlation_id AS "correlationId", args_hash AS hash
    FROM tool_calls WHERE tenant_id = $1 AND principal_id = $2 AND idempotency_key = $3`,

  /**
   * Members get their identity and rights from the row of their parent, which is locked meanwhile: whoever ends it
   * either comes first, and nothing is taken on, or finds them. They end a little earlier, so that what they answered
   * can still be put together.
   */
  acceptMembers: `
    INSERT INTO tool_calls (id, parent_id, tenant_id, principal_id, scopes, tool, args, state, correlation_id,
                            session_id, transport, client_name, client_version, limits, deadline_at)
    SELECT m.id, p.id, p.tenant_id, p.principal_id, p.scopes, p.tool, m.args::json, 'ACCEPTED', p.correlation_id,
           p.session_id, p.transport, p.client_name, p.client_version, p.limits,
           p.deadline_at - least($4::int * interval '1 millisecond', (p.deadline_at - clock_timestamp()) / 10)
    FROM (SELECT * FROM tool_calls WHERE id = $1 AND finished_at IS NULL FOR SHARE) AS p,
         unnest($2::uuid[], $3::text[]) AS m (id, args)
    ON CONFLICT (id) DO NOTHING RETURNING id`,

  members: `
    SELECT id, tool, state, result::text AS result, error, finished_at IS NOT NULL AS "isOver"
    FROM tool_calls WHERE id = ANY($2::uuid[]) AND parent_id = $1`,

  /** Inline calls: recorded when they are over. */
  record: `
    INSERT INTO tool_calls (id, tenant_id, principal_id, scopes, tool, args, state, correlation_id, session_id,
                            transport, client_name, client_version, limits, accepted_at, deadline_at,
                            started_at, finished_at, attempts, result, error)
    SELECT id, tenant, subject, scopes, tool, args::json, state, correlation, session, transport, client_name,
           client_version, limits::jsonb, began, clock_timestamp(), began, clock_timestamp(), 1, result::json,
           error::json
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::text[], $13::int[], $14::text[], $15::text[], $16::text[])
      AS c (id, tenant, subject, scopes, tool, args, correlation, session, transport, client_name,
            client_version, limits, duration, state, result, error),
      LATERAL (SELECT clock_timestamp() - duration * interval '1 millisecond' AS began) AS b`,

  start: `
    UPDATE tool_calls t
    SET state = 'RUNNING', fence = t.fence + 1, touched_at = clock_timestamp(),
        started_at = coalesce(t.started_at, clock_timestamp())
    FROM unnest($1::uuid[], $2::int[]) AS j (id, enqueue_no)
    WHERE t.id = j.id AND t.enqueue_no = j.enqueue_no AND t.finished_at IS NULL AND t.state <> 'INPUT_REQUIRED'
    RETURNING t.id, t.tenant_id AS tenant, t.principal_id AS subject, t.scopes, t.tool, t.args::text AS args,
      t.correlation_id AS "correlationId", t.session_id AS "sessionId", t.transport,
      t.client_name AS "clientName", t.client_version AS "clientVersion", t.fence, t.attempts, t.releases, t.failures,
      t.limits, t.parent_id AS "parentId", t.asks, t.input_round AS "inputRound",
      t.input_responses::text AS "inputResponses",
      (CASE WHEN t.parent_id IS NULL THEN t.client_files
            ELSE (SELECT p.client_files FROM tool_calls p WHERE p.id = t.parent_id) END)::text AS "clientFiles",
      (extract(epoch FROM t.deadline_at - clock_timestamp()) * 1000)::float8 AS "remainingMs",
      (extract(epoch FROM clock_timestamp() - t.accepted_at) * 1000)::float8 AS "acceptedMs"`,

  /**
   * A failure that may be tried again gives its idempotency key free, so that a repeat of the call runs.
   * With a channel, the ids are announced in the same commit as the write they speak of.
   */
  finish: (channel: string | undefined) => `
    WITH done AS (
      UPDATE tool_calls t
      SET state = f.state, result = f.result::json, error = f.error::json, provider = f.provider, model = f.model,
          input_tokens = f.input_tokens, output_tokens = f.output_tokens, cached_tokens = f.cached_tokens,
          reasoning_tokens = f.reasoning_tokens, cost_usd = f.cost_usd, attempts = t.attempts + 1,
          finished_at = clock_timestamp(), touched_at = clock_timestamp(),
          idempotency_key =
            CASE WHEN (f.error::json->>'retryable')::boolean THEN NULL ELSE t.idempotency_key END
      FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
                  $9::int[], $10::int[], $11::int[], $12::numeric[])
        AS f (id, fence, state, result, error, provider, model, input_tokens, output_tokens, cached_tokens,
              reasoning_tokens, cost_usd)
      WHERE t.id = f.id AND t.fence = f.fence AND t.finished_at IS NULL
      RETURNING t.id
    )${
      channel === undefined
        ? ' SELECT id FROM done'
        : `, told AS (
      SELECT pg_notify('${channel}', json_build_object('done', json_agg(id))::text) FROM done HAVING count(*) > 0
    ) SELECT id FROM done WHERE (SELECT count(*) FROM told) >= 0`
    }`,

  read: `
    SELECT id, tool, state, result::text AS result, error
    FROM tool_calls WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL`,

  retry: `
    UPDATE tool_calls
    SET state = 'QUEUED', attempts = attempts + 1, failures = failures || $3::jsonb,
        touched_at = clock_timestamp() + $4::int * interval '1 millisecond'
    WHERE id = $1 AND fence = $2 AND finished_at IS NULL RETURNING id`,

  /** Counted apart, so that a start which was taken back is no crash; touched when its job is due again. */
  release: `
    UPDATE tool_calls t
    SET state = 'QUEUED', releases = t.releases + 1,
        touched_at = clock_timestamp() + r.delay * interval '1 millisecond'
    FROM unnest($1::uuid[], $2::int[], $3::int[]) AS r (id, fence, delay)
    WHERE t.id = r.id AND t.fence = r.fence AND t.finished_at IS NULL RETURNING t.id`,

  /**
   * With its members. The fence rises, so that an attempt that is still running has lost the call. The idempotency
   * key is free again.
   */
  end: `
    UPDATE tool_calls
    SET state = $2, error = $3::json, fence = fence + 1, finished_at = clock_timestamp(),
        touched_at = clock_timestamp(), idempotency_key = NULL
    WHERE (id = $1 OR parent_id = $1) AND finished_at IS NULL RETURNING id`,

  heartbeat: `
    UPDATE tool_calls t SET touched_at = clock_timestamp()
    FROM unnest($1::uuid[], $2::int[]) AS h (id, fence)
    WHERE t.id = h.id AND t.fence = h.fence AND t.finished_at IS NULL RETURNING t.id`,

  finished: `SELECT id FROM tool_calls WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL`,

  exists: `SELECT 1 FROM tool_calls WHERE id = $1`,

  /** A call that waits for answers has no job, and needs none. */
  claimQuiet: `
    UPDATE tool_calls SET touched_at = clock_timestamp()
    WHERE id IN (
      SELECT id FROM tool_calls
      WHERE finished_at IS NULL AND state <> 'INPUT_REQUIRED'
        AND touched_at < clock_timestamp() - $1::int * interval '1 millisecond'
      ORDER BY touched_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING id AS "callId", enqueue_no AS "enqueueNo"`,

  requeue: `
    UPDATE tool_calls SET state = 'QUEUED', enqueue_no = enqueue_no + 1, touched_at = clock_timestamp()
    WHERE id = $1 AND enqueue_no = $2 AND finished_at IS NULL AND state <> 'INPUT_REQUIRED'
    RETURNING enqueue_no AS "enqueueNo"`,

  overdue: `
    SELECT id, correlation_id AS "correlationId", state FROM tool_calls
    WHERE finished_at IS NULL AND deadline_at < clock_timestamp() - interval '1 second' LIMIT $1`,

  dropContent: `
    UPDATE tool_calls
    SET args = NULL, client_files = NULL, result = NULL, idempotency_key = NULL, args_hash = NULL,
        input_requests = NULL, input_responses = NULL
    WHERE id IN (
      SELECT id FROM tool_calls
      WHERE args IS NOT NULL AND finished_at < clock_timestamp() - $1::float8 * interval '1 millisecond'
      LIMIT $2)`,

  recent: `
    SELECT id, parent_id AS "parentId", tool, state, attempts, correlation_id AS "correlationId", accepted_at AS "acceptedAt",
           finished_at AS "finishedAt", provider, model, input_tokens AS "inputTokens",
           output_tokens AS "outputTokens", cost_usd::float8 AS "costUsd", error->>'code' AS "errorCode"
    FROM tool_calls
    WHERE tenant_id = $1 AND principal_id = $2
      AND accepted_at >= coalesce($4::timestamptz, '-infinity')
      AND accepted_at <= coalesce($5::timestamptz, 'infinity')
    ORDER BY accepted_at DESC LIMIT $3`,

  report: `
    SELECT id, parent_id AS "parentId", tool, state, attempts, correlation_id AS "correlationId", accepted_at AS "acceptedAt",
           started_at AS "startedAt", finished_at AS "finishedAt", deadline_at AS "deadlineAt",
           provider, model, input_tokens AS "inputTokens", output_tokens AS "outputTokens",
           cached_tokens AS "cachedTokens", reasoning_tokens AS "reasoningTokens", cost_usd::float8 AS "costUsd",
           result, error, CASE state WHEN 'INPUT_REQUIRED' THEN input_requests END AS "inputRequests",
           input_responses AS "inputResponses"
    FROM tool_calls WHERE id = $1 AND tenant_id = $2 AND principal_id = $3`,
};
