-- Every statement the feed's role runs. `-- name:` begins one; the lines under it say why it exists.
-- What changes anything is a function: this role may write no table (0011_feeding.sql).

-- name: turn
-- Until this transaction ends nobody else changes identity, and no shield moves.
SELECT feed_turn();

-- name: by_keys
-- Children that have, or had, a key of an entry, or that the same row of the same source was found to be.
-- $1 position, $2 system, $3 value of every key · $4 position, $5 row key · $6 source.  Ends with `candidates`.
WITH named AS (
    SELECT n.position, k.child_id, false AS by_row
      FROM unnest($1::int[], $2::text[], $3::text[]) AS n (position, system, value) JOIN keys k USING (system, value)
    UNION ALL
    SELECT n.position, k.child_id, false
      FROM unnest($1::int[], $2::text[], $3::text[]) AS n (position, system, value) JOIN former_keys k USING (system, value)
    UNION ALL
    SELECT r.position, s.child_id, true
      FROM unnest($4::int[], $5::bytea[]) AS r (position, row_key)
      JOIN source_rows s ON s.source = $6 AND s.row_key = r.row_key
), found AS (
    SELECT position, child_id, bool_or(by_row) AS by_row, false AS crowded FROM named GROUP BY position, child_id
)

-- name: by_likeness
-- Children that an entry may be by its name, birth date or home: each block is served by an index, and cut at sixty.
-- $1 position · $2 family sound · $3 given sound · $4 birth date · $5 dates near it · $6 postcode.
-- Ends with `candidates`.
WITH blocks AS (
    SELECT e.position, b.child_id, count(*) OVER (PARTITION BY e.position, b.block) >= 60 AS crowded
      FROM unnest($1::int[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[])
           AS e (position, family, given, born, near, postcode)
     CROSS JOIN LATERAL (
        (SELECT 'misspelt given name' AS block, c.id AS child_id FROM children c
          WHERE c.birth_date = e.born AND c.family_sound = e.family LIMIT 60)
        UNION ALL
        (SELECT 'another surname', c.id FROM children c
          WHERE c.birth_date = e.born AND c.given_sound = e.given LIMIT 60)
        UNION ALL
        (SELECT 'mistaken date', c.id FROM children c
          WHERE c.family_sound || ' ' || c.given_sound = e.family || ' ' || e.given AND c.birth_date = ANY (e.near::date[]) LIMIT 60)
        UNION ALL
        (SELECT 'names exchanged', c.id FROM children c
          WHERE c.family_sound || ' ' || c.given_sound = e.given || ' ' || e.family AND c.birth_date = ANY (e.near::date[]) LIMIT 60)
        UNION ALL
        (SELECT 'same home', c.id FROM children c
          WHERE c.postcode = e.postcode
            AND (c.given_sound = e.given OR c.family_sound = e.family OR c.birth_date = e.born) LIMIT 60)
        UNION ALL
        (SELECT 'former name', c.id FROM former_names f JOIN children c ON c.id = f.child_id AND c.birth_date = e.born
          WHERE f.family_sound = e.family AND f.given_sound = e.given LIMIT 60)
     ) AS b
), found AS (
    SELECT position, child_id, false AS by_row, bool_or(crowded) AS crowded FROM blocks GROUP BY position, child_id
)

-- name: candidates
-- How either of the two above ends: all that matching needs of the children found, and of shields a yes or no.
SELECT f.position, f.by_row, f.crowded, c.id, c.given, c.family, c.birth_date, c.gender,
       c.address_status, c.address_lines, c.postcode, c.uprn, c.name_as_of, p.child_id IS NOT NULL AS protected,
       (SELECT json_object_agg(k.system, k.value)::text FROM keys k WHERE k.child_id = c.id) AS keys,
       (SELECT json_agg(json_build_object('system', k.system, 'value', k.value))::text
          FROM former_keys k WHERE k.child_id = c.id) AS former_keys,
       (SELECT json_agg(json_build_object('given', n.given, 'family', n.family) ORDER BY n.position)::text
          FROM former_names n WHERE n.child_id = c.id) AS former_names
  FROM found f
  JOIN children c ON c.id = f.child_id
  LEFT JOIN protected_among((SELECT array_agg(DISTINCT child_id) FROM found)) AS p (child_id) ON p.child_id = c.id
 ORDER BY f.position, c.id;

-- name: protected
-- Of these children those that are protected by now.
SELECT protected_among($1);

-- name: apply
-- Carry out what was decided of a batch, as far as the store's own laws allow.
SELECT position, came_to FROM feed_apply($1, $2::jsonb);

-- name: begin
-- Begin a file, or go on with it.
SELECT rows_done, finished, counts::text FROM feed_begin($1, $2, $3);

-- name: begun
-- How far a file has come, and of when it is: what was said when it was begun holds.
SELECT as_of, rows_done, finished, counts::text FROM feed_loads WHERE source = $1 AND digest = $2;

-- name: progress
-- In the transaction of the batch itself, so that what is written and how far we are can never differ.
SELECT feed_progress($1, $2, $3, $4::jsonb, $5::jsonb, $6);

-- name: rejects
-- What of a file was rejected, for the source to mend.
SELECT line, field, reason FROM feed_rejects WHERE source = $1 AND digest = $2 ORDER BY line LIMIT $3;

-- name: status
-- The file of each source that was worked on last.
SELECT DISTINCT ON (source) source, as_of, rows_done, finished, counts::text, touched_at
  FROM feed_loads ORDER BY source, touched_at DESC;

-- name: stewards_page
-- What waits, as stewards may see it, after the cursor.
SELECT reference, received_at, source, outcome, entry::text, candidates::text FROM quarantine_for_stewards($1, $2, $3);

-- name: resolve_entry
-- A steward's word on an entry that no protected child is like.
SELECT resolve_entry($1, $2, $3, $4, $5);

-- name: record_act
-- No act without its record.
SELECT record_act($1, ROW ($2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bytea)::ledger_entry);
