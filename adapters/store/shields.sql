-- Every statement of officers' acts, run as the role `shield`. What weakens a shield is refused by triggers unless an act
-- of two officers is in hand.

-- name: turn
-- Nobody else changes identity or a shield until this transaction ends.
SELECT act_turn();

-- name: today
-- The day in England, by the store's clock.
SELECT (now() AT TIME ZONE 'Europe/London')::date;

-- name: by_number
-- The child of that number, unless it is the officer's own. $2 the officer's prints
WITH told AS (SELECT reference FROM shield_proposals),
wanted AS (SELECT id, false AS released FROM children WHERE number = $1 AND NOT is_kin(id, $2::bytea[]))

-- name: household
-- Who shares a home or a parent with the child, and whom its shield covers wherever they live now.
WITH told AS (SELECT reference FROM shield_proposals),
wanted AS (
    SELECT m.id, EXISTS (SELECT FROM household_releases r WHERE r.root = $1 AND r.member = m.id) AS released
      FROM (SELECT h.id FROM household_of($1) h UNION SELECT s.child_id FROM shields s WHERE s.household_of = $1) m
)

-- name: case_page
-- Protected children, and those an act is proposed for, of one authority; never a raiser's own unconfirmed one, nor
-- an officer's own child.
-- Of what is proposed, nothing that names a child or an entry which the officer may not see, or takes a custodian.
-- $1 authority · $2 officer · $3 custodian · $4 listing · $5 after this number · $6 how many · $7 prints
WITH told AS (
    SELECT p.reference, p.child_id
      FROM shield_proposals p
     WHERE p.state = 'OPEN' AND p.expires_at > now()
       AND (p.act <> 'CLOSED' OR $3::boolean)
       AND NOT EXISTS (
           SELECT FROM jsonb_array_elements_text(coalesce(p.content -> 'release', '[]')) AS named (number)
             JOIN children c USING (number) LEFT JOIN shields s ON s.child_id = c.id
            WHERE s.tier = 'SEALED' AND NOT $3::boolean OR s.confirmed_at IS NULL AND s.raised_by = $2
               OR is_kin(c.id, $7::bytea[]))
       AND (p.content -> 'entry' IS NULL OR p.content ->> 'entry' IN (
           SELECT q.reference FROM quarantine_for_officers($1, $2, $3, NULL, NULL, NULL) q))
), mine AS (
    SELECT s.child_id
      FROM shields s
     WHERE s.authority = $1
       AND (s.tier = 'SHIELDED' OR $3::boolean)
       AND NOT (s.confirmed_at IS NULL AND s.raised_by = $2)
       AND ($4::text <> 'UNCONFIRMED' OR s.confirmed_at IS NULL)
       AND ($4::text <> 'OVERDUE' OR s.review_on < (now() AT TIME ZONE 'Europe/London')::date)
    UNION ALL
    SELECT c.id
      FROM children c
     WHERE c.id IN (SELECT h.child_id FROM holds h WHERE h.cleared_at IS NULL
                    UNION SELECT t.child_id FROM told t)
       AND c.authority = $1
       AND NOT EXISTS (SELECT FROM shields s WHERE s.child_id = c.id)
       AND $4::text NOT IN ('UNCONFIRMED', 'OVERDUE')
), wanted AS (
    SELECT c.id, false AS released
      FROM mine m JOIN children c ON c.id = m.child_id
     WHERE NOT c.closed
       AND NOT is_kin(c.id, $7::bytea[])
       AND ($5::text IS NULL OR c.number > $5)
       AND ($4::text <> 'HELD' OR EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL))
       AND ($4::text <> 'PROPOSED' OR EXISTS (SELECT FROM told t WHERE t.child_id = c.id))
     ORDER BY c.number
     LIMIT $6
)

-- name: states
-- Of each that is wanted, all that an act depends on. Follows `by_number`, `household` or `case_page`.
SELECT c.id, c.number, c.authority AS child_authority, w.released,
       s.tier, s.authority, s.withheld, s.ground, s.review_on, s.raised_by, s.household_of,
       s.confirmed_at IS NOT NULL AS confirmed,
       s.review_on < (now() AT TIME ZONE 'Europe/London')::date AS overdue,
       (SELECT json_agg(json_build_object('organisation', m.organisation, 'categories', m.categories, 'until', m.until)
                        ORDER BY m.organisation)::text
          FROM circles m WHERE m.child_id = c.id) AS circle,
       (SELECT json_agg(json_build_object('agency', h.agency, 'mark', h.mark, 'placed_at', h.placed_at)
                        ORDER BY h.placed_at, h.id)::text
          FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL) AS holds,
       (SELECT json_agg(json_build_object('reference', p.reference, 'act', p.act, 'content', p.content,
                                          'officer', p.officer, 'authority', p.authority, 'reason', p.reason,
                                          'expires_at', p.expires_at) ORDER BY p.proposed_at, p.reference)::text
          FROM shield_proposals p
         WHERE p.child_id = c.id AND p.state = 'OPEN' AND p.expires_at > now()
           AND EXISTS (SELECT FROM told t WHERE t.reference = p.reference)) AS proposals
  FROM wanted w JOIN children c ON c.id = w.id
  LEFT JOIN shields s ON s.child_id = c.id
 WHERE NOT c.closed
 ORDER BY c.number;

-- name: households
-- Of those an officer may see, who is covered together. $1 authority · $2 officer · $3 custodian · $4 children · $5 prints
WITH seen AS (
    SELECT s.child_id, coalesce(s.household_of, s.child_id) AS root, c.number
      FROM shields s JOIN children c ON c.id = s.child_id
     WHERE s.authority = $1 AND NOT c.closed
       AND (s.tier = 'SHIELDED' OR $3::boolean)
       AND NOT (s.confirmed_at IS NULL AND s.raised_by = $2)
)
SELECT one.child_id, other.number
  FROM seen one JOIN seen other ON other.root = one.root AND other.child_id <> one.child_id
 WHERE one.child_id = ANY ($4::bigint[]) AND NOT is_kin(other.child_id, $5::bytea[])
 ORDER BY one.child_id, other.number;

-- name: act
-- An act begins: from here on, in this transaction, what changes a shield is its doing.
WITH made AS (
    INSERT INTO shield_acts (reference, child_id, act, officer, second, authority, reason, content)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb) RETURNING reference
)
SELECT set_config('contactpoint.act', reference, true) FROM made;

-- name: settle
-- An act on a child completes what was proposed as that act, and voids all else that was.
UPDATE shield_proposals SET state = CASE WHEN reference = $2 THEN 'COMPLETED' ELSE 'VOID' END
 WHERE child_id = $1 AND state = 'OPEN';

-- name: lapse
-- What nobody seconded in time makes room for the same again.
UPDATE shield_proposals SET state = 'VOID' WHERE child_id = $1 AND state = 'OPEN' AND expires_at <= now();

-- name: propose
-- A first officer's word.
INSERT INTO shield_proposals (reference, child_id, act, content, officer, authority, reason)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7);

-- name: raise
-- A shield where there was none.
INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on, raised_by, raised_from, confirmed_at,
                     household_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9);

-- name: change
-- A shield as it shall stand. $8: whether it is confirmed, by $9 if it was not before.
UPDATE shields SET tier = $2, authority = $3, withheld = $4, ground = $5, review_on = $6, household_of = $7,
       confirmed_at = CASE WHEN $8::boolean THEN coalesce(confirmed_at, now()) END,
       confirmed_by = CASE WHEN $8::boolean AND confirmed_at IS NULL THEN $9 ELSE confirmed_by END
 WHERE child_id = $1;

-- name: end_circle
-- Nobody is let behind a shield that is not there.
DELETE FROM circles WHERE child_id = $1;

-- name: leave_household
-- Whom the shield covered keeps a shield of their own.
UPDATE shields SET household_of = NULL WHERE household_of = $1;

-- name: remove
-- A shield that two officers lifted.
DELETE FROM shields WHERE child_id = $1;

-- name: release
-- Nobody's shield in this household covers the child any more: neither $3's nor another's. $2 the act
INSERT INTO household_releases (root, member, act)
SELECT r.root, $1, $2
  FROM (SELECT s.child_id AS root FROM household_of($1) h JOIN shields s ON s.child_id = h.id
        UNION SELECT $3::bigint) r
 WHERE r.root IS NOT NULL
ON CONFLICT DO NOTHING;

-- name: narrow_circle
-- Those who are in the circle no longer. $2 those who are
DELETE FROM circles WHERE child_id = $1 AND organisation <> ALL ($2::text[]);

-- name: set_circle
-- Those who are in it, and until when. $2 as JSON
INSERT INTO circles (child_id, organisation, categories, until)
SELECT $1, t.organisation, t.categories, t.until
  FROM jsonb_to_recordset($2::jsonb) AS t (organisation text, categories text[], until date)
ON CONFLICT (child_id, organisation) DO UPDATE SET categories = excluded.categories, until = excluded.until;

-- name: clear_holds
-- Holds end by an officer's word alone. $4 one agency's, or everybody's where null
UPDATE holds SET cleared_at = now(), cleared_by = $2, cleared_for = $3
 WHERE child_id = $1 AND cleared_at IS NULL AND ($4::text IS NULL OR agency = $4);

-- name: close_child
-- The old record leads nowhere from here on.
SELECT close_child($1);

-- name: new_identity
-- The new record; null where one of its keys is or was anybody's.
SELECT new_identity(jsonb_populate_record(NULL::feed_entry, $1::jsonb), $2, $3);

-- name: quarantine
-- What waits for this authority's officers, but for what may be of an officer's own child.
-- $1 authority · $2 officer · $3 custodian · $4, $5 after · $6 how many · $7 prints
SELECT reference, received_at, source, outcome, entry::text, candidates::text, anothers
  FROM quarantine_for_officers($1, $2, $3, $4, $5, CASE WHEN $7::bytea[] = '{}' THEN $6::int END)
 WHERE NOT may_be_kin(reference, $7::bytea[])
 ORDER BY received_at, reference
 LIMIT $6;

-- name: quarantine_entry
-- One of them. $4 its reference · $5 prints
SELECT reference, received_at, source, outcome, entry::text, candidates::text, anothers
  FROM quarantine_for_officers($1, $2, $3, NULL, NULL, NULL)
 WHERE reference = $4
   AND NOT may_be_kin(reference, $5::bytea[]);

-- name: resolve
-- An officer's word on an entry, within an act.
SELECT resolve_protected_entry($1, $2, $3);

-- name: merge
-- Two records become the first; the strictest of both stays.
SELECT merge_children($1, $2);

-- name: record
-- The act's own record, in the act's transaction.
SELECT record_act($1, ROW ($2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bytea)::ledger_entry);

-- name: circle_members
-- Which of these organisations a circle may hold.
SELECT id FROM organisations WHERE id = ANY ($1::text[]) AND kind IN ('SCHOOL', 'HEALTH');

-- name: authority
-- Whether an authority of that code is registered.
SELECT EXISTS (SELECT FROM organisations WHERE kind = 'LOCAL_AUTHORITY' AND authority = $1);
