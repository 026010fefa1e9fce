/** The SQL of questions to whoever made a call. As in the ledger, only durations travel. */
export const QUESTION_SQL = {
  /**
   * The start is counted by the round: it is neither an attempt nor a crash. Until the deadline of the answer the call has its
   * time to answer in place of its own, which goes on counting afterwards.
   * With a channel, the id is announced in the same commit as the question.
   */
  ask: (channel: string | undefined) => `
    WITH asked AS (
      UPDATE tool_calls
      SET state = 'INPUT_REQUIRED', input_round = input_round + 1,
          input_requests = $3::json, input_responses = $4::json, asked_at = clock_timestamp(),
          touched_at = clock_timestamp(),
          time_left_ms = greatest(0, extract(epoch FROM deadline_at - clock_timestamp()) * 1000)::int,
          deadline_at = least(clock_timestamp() + $5::int * interval '1 millisecond',
                              accepted_at + $6::float8 * interval '1 millisecond')
      WHERE id = $1 AND fence = $2 AND finished_at IS NULL
      RETURNING id
    )${
      channel === undefined
        ? ' SELECT id FROM asked'
        : `, told AS (SELECT pg_notify('${channel}', json_build_object('asked', json_build_array(id))::text) FROM asked)
       SELECT id FROM asked WHERE (SELECT count(*) FROM told) >= 0`
    }`,

  open: `
    SELECT id, correlation_id AS "correlationId", input_round AS round, input_requests AS requests,
           input_responses AS responses
    FROM tool_calls WHERE id = ANY($1::uuid[]) AND state = 'INPUT_REQUIRED'`,

  ofOwner: `
    SELECT id, correlation_id AS "correlationId", tool, state, input_round AS round,
           CASE state WHEN 'INPUT_REQUIRED' THEN input_requests END AS requests, input_responses AS responses,
           input_responses::text AS "responsesAsStored",
           (extract(epoch FROM deadline_at - clock_timestamp()) * 1000)::float8 AS "remainingMs",
           (extract(epoch FROM clock_timestamp() - accepted_at) * 1000)::float8 AS "ageMs"
    FROM tool_calls WHERE id = $1 AND tenant_id = $2 AND principal_id = $3`,

  /** Keeps answers while others are missing. No row: somebody else wrote first. */
  keepAnswers: `
    UPDATE tool_calls SET input_responses = $4::json
    WHERE id = $1 AND state = 'INPUT_REQUIRED' AND input_round = $2
      AND input_responses::text IS NOT DISTINCT FROM $3
    RETURNING enqueue_no AS "enqueueNo",
      (extract(epoch FROM deadline_at - clock_timestamp()) * 1000)::float8 AS "remainingMs"`,

  /** With the last answer the call is queued again, for a job of its own, in the time that it had left. */
  answerAll: `
    UPDATE tool_calls
    SET state = 'QUEUED', input_responses = $4::json, enqueue_no = enqueue_no + 1, touched_at = clock_timestamp(),
        deadline_at = least(clock_timestamp() + time_left_ms * interval '1 millisecond',
                            accepted_at + $5::float8 * interval '1 millisecond')
    WHERE id = $1 AND state = 'INPUT_REQUIRED' AND input_round = $2
      AND input_responses::text IS NOT DISTINCT FROM $3
    RETURNING enqueue_no AS "enqueueNo",
      (extract(epoch FROM deadline_at - clock_timestamp()) * 1000)::float8 AS "remainingMs"`,
};
