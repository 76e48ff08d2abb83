-- Every statement the gateway's role runs. `-- name:` begins one; the lines under it say why it exists.

-- name: children_by_number
-- The children asked for, with everything a decision needs, and the epochs it is decided under, in one snapshot.
-- The epochs' row comes back even where no child does, with a null id.
SELECT e.epoch, g.epoch AS registered, r.*
  FROM shield_epoch e CROSS JOIN registry_epoch g
  LEFT JOIN child_readings r ON r.number = ANY ($1::text[]);

-- name: children_by_key
-- The same, for the one child that another system knows by this key.
SELECT e.epoch, g.epoch AS registered, r.*
  FROM shield_epoch e CROSS JOIN registry_epoch g
  LEFT JOIN child_readings r ON r.id = (SELECT k.child_id FROM keys k WHERE k.system = $1 AND k.value = $2);

-- name: find_children
-- The same, for a search. What the viewer may not see is no key (law 5), and all of that is decided here, before the
-- limit: a page cut first and filtered after would tell by its length what was taken out.
-- $1 family · $2, $3 first and last birth date · $4 given · $5 gender · $6 postcode
-- $7 manages · $8 sealed · $9 address · $10 organisation · $11 viewer · $12 token · $13 limit · $14 the viewer's prints
WITH matches AS (
    SELECT c.id
      FROM children c
      LEFT JOIN shields s ON s.child_id = c.id
     WHERE c.name_key = $1
       AND c.birth_date BETWEEN $2 AND $3
       AND ($4::text IS NULL OR c.given_key = $4)
       AND ($5::text IS NULL OR c.gender = $5)
       AND NOT c.closed
       -- Nobody finds themselves, or their own child.
       AND NOT EXISTS (SELECT FROM unnest($14::bytea[]) AS own (print) WHERE position(own.print IN c.kin) > 0)
       AND CASE
           WHEN $7::text IS NOT NULL THEN
               coalesce(s.authority, c.authority) = $7 AND (s.tier IS NULL OR s.tier = 'SHIELDED' OR $8::boolean)
               -- Whoever raised a shield reads nothing by it until another has confirmed it.
               AND NOT coalesce(s.confirmed_at IS NULL AND s.raised_by = $11, false)
           ELSE
               s.tier IS NULL OR s.tier = 'SHIELDED'
           END
       -- Whether the address is visible is settled before it is compared: else how the comparison came out would show
       -- in how long the statement takes. A hold that no authority has taken up has neither circle nor override.
       AND CASE
           WHEN $6::text IS NULL THEN true
           WHEN $7::text IS NOT NULL
             OR $9::boolean AND CASE
                WHEN s.tier IS NULL THEN
                    NOT EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL)
                ELSE
                    EXISTS (
                        SELECT FROM circles m
                         WHERE m.child_id = c.id AND m.organisation = $10 AND 'ADDRESS' = ANY (m.categories)
                           AND m.until >= (now() AT TIME ZONE 'Europe/London')::date)
                    OR EXISTS (
                        SELECT FROM overrides o
                         WHERE o.child_id = c.id AND o.viewer = $11 AND o.token = $12 AND o.until > now())
                       AND NOT (s.confirmed_at IS NULL AND EXISTS (
                           SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL))
                END
           THEN c.postcode = $6
           ELSE false
           END
     ORDER BY c.name_key, c.given_key, c.birth_date, c.number
     LIMIT $13
)
SELECT e.epoch, g.epoch AS registered, r.*
  FROM shield_epoch e CROSS JOIN registry_epoch g
  LEFT JOIN (matches m JOIN child_readings r ON r.id = m.id) ON true
 ORDER BY r.name_key, r.given_key, r.birth_date, r.number;

-- name: live_broker_references
-- The handle through which this organisation may arrange contact; the latest, where two requests made one at once.
SELECT DISTINCT ON (child_id) child_id, reference
  FROM broker_references
 WHERE organisation = $1 AND child_id = ANY ($2::bigint[]) AND expires_at > now()
 ORDER BY child_id, expires_at DESC, reference;

-- name: add_broker_references
-- New handles for children that have none.
INSERT INTO broker_references (reference, organisation, child_id, expires_at)
SELECT reference, $1, child_id, now() + interval '30 days'
  FROM unnest($2::text[], $3::bigint[]) AS fresh (reference, child_id);

-- name: place_hold
-- An agency marked its record restricted. A hold that is there already changes nothing, so the epoch stays, and no row
-- comes back.
INSERT INTO holds (child_id, agency, mark) VALUES ($1, $2, $3)
ON CONFLICT (child_id, agency, mark) WHERE cleared_at IS NULL DO NOTHING
RETURNING child_id;

-- name: record_accesses
-- No answer without its record, and no record once a shield or the registry has changed since its decision (law 7), or by
-- a viewer who guesses too much; one commit for all. $3 how much a bucket holds · $4 what it loses in a second
SELECT record_accesses($1, $2, $3, $4);

-- name: ledger_ready
-- Whether a record could be written: all that one takes, chain, lock and commit, but the record.
SELECT record_accesses($1, '{}', 1, 1);

-- name: keep_data_key
-- A key that records are sealed with, before the first of them.
SELECT keep_data_key($1, $2, $3, $4, $5);

-- name: protecting_authorities
-- Whose auditors the records of protected children are sealed to; the empty word stands for nobody's.
SELECT authority FROM shields
UNION
SELECT coalesce(c.authority, '') FROM holds h JOIN children c ON c.id = h.child_id WHERE h.cleared_at IS NULL;

-- name: ledger_heads
-- What the next checkpoint says, of one moment.
SELECT chains, positions, links, number, text FROM ledger_heads();

-- name: keep_checkpoint
-- Once for each number.
SELECT keep_checkpoint($1, $2);

-- name: make_ledger_months
-- Room for this month's records and the next ones'.
SELECT make_ledger_months($1);

-- name: accesses_of
-- Who looked at one child, newest first.
SELECT chain, position, at, reference, key, viewer, children, sealed, link FROM accesses_of($1, $2, $3, $4);

-- name: data_keys
-- Keys of records, each sealed to its auditors.
SELECT name, authority, began_at, auditors, sealed FROM data_keys_named($1);

-- name: registry_epoch
-- Whether the registry has changed.
SELECT epoch FROM registry_epoch;

-- name: registry_snapshot
-- All of it but organisations, of one moment. A token called back stays for as long as clocks may differ.
SELECT g.epoch,
       (SELECT coalesce(json_agg(c), '[]') FROM clients c)::text AS clients,
       (SELECT coalesce(json_agg(p), '[]') FROM partners p)::text AS partners,
       (SELECT coalesce(json_agg(json_build_object(
                   'partner', d.partner, 'hash', d.hash, 'body', d.body, 'name', d.name)), '[]')
          FROM documents d WHERE d.revoked_at IS NULL)::text AS documents,
       (SELECT coalesce(json_agg(json_build_array(t.issuer, t.token)), '[]')
          FROM denied_tokens t WHERE t.expires_at > now() - interval '2 minutes')::text AS denied
  FROM registry_epoch g;

-- name: staff_print
-- Whom an employer says that somebody is.
SELECT print FROM staff_prints WHERE organisation = $1 AND subject = $2;

-- name: documents_used
-- How often documents were used since the last time of telling.
SELECT documents_used($1, $2, $3);

-- name: statistics
-- One grouping of a month's cube, which is the same for everybody.
SELECT month, authority, age_band, gender, shown
  FROM statistics_cells
 WHERE grouping = $1 AND month = coalesce($2, (SELECT max(month) FROM statistics_cells))
 ORDER BY authority, age_band, gender;

-- name: organisation
-- Who may come, and what for, and as of which epoch; it comes back even where no organisation does.
SELECT g.epoch, o.id, o.name, o.kind, o.authority, o.purposes
  FROM registry_epoch g LEFT JOIN organisations o ON o.id = $1;

-- name: ready
-- Whether the store answers and has its epoch.
SELECT epoch FROM shield_epoch;

-- name: begin_override
-- One viewer's look behind one shield, with its record and its report: all of it, or nothing.
SELECT ends, again, lately
  FROM begin_override(ROW ($1::bytea, $2::bytea, $3::bytea, $4::bytea, $5::bytea)::ledger_entry,
                      ROW ($6::bytea, $7::bytea, $8::bytea, $9::bytea, $10::bytea)::ledger_entry,
                      $11, $12, $13, $14, $15, $16, $17);

-- name: take_reports
-- Reports that are due, ours for two minutes.
SELECT id, reference, authority, url, kind, body, created_at, attempts FROM take_reports($1);

-- name: report_ended
-- A report was delivered, or is due again later.
SELECT report_ended($1, $2, $3::float8 * interval '1 second');

-- name: protection_counts
-- How many shields, holds, entries and reports wait for somebody, in the whole store.
SELECT name, value FROM protection_counts();
