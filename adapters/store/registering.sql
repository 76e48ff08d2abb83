-- Every statement the registry's role runs. `-- name:` begins one; the lines under it say why it exists.
-- What is put comes as one JSON text, so that however much it is, the registry's epoch moves at once.

-- name: put_organisations
INSERT INTO organisations (id, name, kind, authority, purposes)
SELECT id, name, kind, authority, purposes
  FROM json_to_recordset($1) AS put (id text, name text, kind text, authority text, purposes text[])
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, kind = excluded.kind, authority = excluded.authority, purposes = excluded.purposes;

-- name: put_partners
INSERT INTO partners (organisation, categories, roots, purpose, reason)
SELECT organisation, categories, roots, purpose, reason
  FROM json_to_recordset($1) AS put (organisation text, categories text[], roots text[], purpose text, reason text)
ON CONFLICT (organisation) DO UPDATE SET
    categories = excluded.categories, roots = excluded.roots, purpose = excluded.purpose, reason = excluded.reason;

-- name: put_clients
INSERT INTO clients (issuer, id, name, roles, purposes, scopes, doors, organisations, authorities, bound, suspended)
SELECT issuer, id, name, roles, purposes, scopes, doors, organisations, authorities, bound, suspended
  FROM json_to_recordset($1) AS put (
      issuer text, id text, name text, roles text[], purposes text[], scopes text[], doors text[],
      organisations text[], authorities text[], bound boolean, suspended boolean)
ON CONFLICT (issuer, id) DO UPDATE SET
    name = excluded.name, roles = excluded.roles, purposes = excluded.purposes, scopes = excluded.scopes,
    doors = excluded.doors, organisations = excluded.organisations, authorities = excluded.authorities,
    bound = excluded.bound, suspended = excluded.suspended;

-- name: issuers
SELECT DISTINCT issuer FROM clients;

-- name: deny_token
SELECT deny_token($1, $2, $3);

-- name: name_staff
-- A print of null takes the person's name off again.
SELECT name_staff($1, $2, $3);

-- name: partner
SELECT o.id, o.name, o.kind, o.authority, o.purposes, p.categories, p.roots, p.purpose, p.reason
  FROM partners p JOIN organisations o ON o.id = p.organisation
 WHERE p.organisation = $1;

-- name: publish
-- A text that was revoked is published anew; one that is live stays as it is. Gives back what is live now and was not.
INSERT INTO documents AS d (partner, hash, body, name, published_by)
SELECT partner, hash, body, name, $2
  FROM json_to_recordset($1) AS put (partner text, hash text, body text, name text)
ON CONFLICT (partner, hash) DO UPDATE SET
    name = excluded.name, published_at = now(), published_by = excluded.published_by,
    revoked_at = NULL, revoked_by = NULL
  WHERE d.revoked_at IS NOT NULL
RETURNING d.hash;

-- name: revoke
UPDATE documents SET revoked_at = now(), revoked_by = $3
 WHERE partner = $1 AND hash = $2 AND revoked_at IS NULL
RETURNING hash;

-- name: documents
-- Of one partner, or of all: with how often each was used, and when last.
SELECT d.partner, d.hash, d.name, d.published_at, d.published_by, d.revoked_at,
       coalesce(u.uses, 0)::bigint AS uses, u.last_used
  FROM documents d
  LEFT JOIN (SELECT partner, hash, sum(uses) AS uses, max(last_used) AS last_used
               FROM document_usage GROUP BY partner, hash) u USING (partner, hash)
 WHERE $1::text IS NULL OR d.partner = $1
 ORDER BY d.partner, d.name, d.published_at, d.hash;

-- name: texts
-- The live ones, of one partner or of all.
SELECT partner, hash, body, name FROM documents
 WHERE revoked_at IS NULL AND ($1::text IS NULL OR partner = $1)
 ORDER BY partner, name, hash;

-- name: draft_statistics
SELECT draft_statistics($1);

-- name: drafted_statistics
SELECT d.authority, d.age_band, d.gender, d.shown, d.carried, d.withheld,
       p.shown AS shown_before, p.withheld AS withheld_before
  FROM statistics_draft d
  LEFT JOIN statistics_cells p ON p.month = (SELECT max(month) FROM statistics_cells) AND p.grouping = d.grouping
                              AND p.authority = d.authority AND p.age_band = d.age_band AND p.gender = d.gender;

-- name: withhold_statistics
SELECT withhold_statistics($1, $2, $3, $4);

-- name: publish_statistics
SELECT publish_statistics();
