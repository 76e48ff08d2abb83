-- Counts of children by month, for analysts: one cube, the same for everybody. Nothing else counts anything.
--
-- Protected children are left out. A cell under ten is not said, none among them, so that nobody knows which it is; the
-- rest are perturbed by cell key and rounded to five. A cell key is made of its children's own keys: the same children
-- have the same noise in every table, so nothing is learnt by asking twice or in another way. Every grouping is perturbed
-- by itself, so totals do not add up and cannot be subtracted. And a cell is drawn anew only when ten more or fewer
-- children are in it than when it was drawn: one child who comes or goes, or is shielded, moves nothing that is known to
-- be near a step. Nobody but the owner and the builder sees `base` or the seed.
--
-- A month is drafted, attacked by its builder (gateway/statistics/audit.py: what could be worked out from all groupings
-- together), relieved of the totals that would tell too much, and only then published, once and for good.

CREATE TABLE statistics_seed (
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),
    seed  bigint NOT NULL
);
INSERT INTO statistics_seed (seed) VALUES (('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::bit(64)::bigint);

CREATE TABLE statistics_cells (
    month     date NOT NULL CHECK (extract(day FROM month) = 1),
    grouping  text NOT NULL,                       -- the dimensions asked by, in order: 'AUTHORITY AGE_BAND'; '' is the total
    authority text NOT NULL DEFAULT '',            -- '' where not asked by
    age_band  text NOT NULL DEFAULT '',
    gender    text NOT NULL DEFAULT '',
    shown     int,                                 -- null: under ten, or would tell of one that is
    base      int NOT NULL,                        -- how many there were when it was drawn
    withheld  boolean NOT NULL DEFAULT false,      -- not small, but its count would tell of one that is
    PRIMARY KEY (month, grouping, authority, age_band, gender)
);

CREATE TABLE statistics_draft (
    LIKE statistics_cells INCLUDING ALL,
    carried boolean NOT NULL                       -- as the month before
);

-- Which of 256 equally likely numbers a cell's key is decides by how much it is off: from -4 to 4, nothing on average.
CREATE FUNCTION noise(cell_key int) RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN cell_key < 48 THEN 0 WHEN cell_key < 88 THEN 1 WHEN cell_key < 128 THEN -1
                WHEN cell_key < 160 THEN 2 WHEN cell_key < 192 THEN -2 WHEN cell_key < 212 THEN 3
                WHEN cell_key < 232 THEN -3 WHEN cell_key < 244 THEN 4 ELSE -4 END
$$;

-- Drafts the month's cube; how many cells it has: 0 where the month is published already.
CREATE FUNCTION draft_statistics(of_month date) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made bigint;
    earlier date;
BEGIN
    LOCK TABLE public.statistics_draft IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM public.statistics_cells WHERE month >= of_month) THEN
        RETURN 0;                                  -- nothing is built twice, and nothing behind what is known
    END IF;
    DELETE FROM public.statistics_draft;
    SELECT max(month) INTO earlier FROM public.statistics_cells;
    WITH counted AS (
        SELECT c.authority, b.age_band, c.gender, c.id
          FROM public.children c,
               LATERAL (SELECT extract(year FROM age(of_month, c.birth_date))::int AS years) y,
               LATERAL (SELECT CASE WHEN y.years < 1 THEN 'UNDER_1' WHEN y.years < 5 THEN 'FROM_1_TO_4'
                                    WHEN y.years < 10 THEN 'FROM_5_TO_9' WHEN y.years < 15 THEN 'FROM_10_TO_14'
                                    ELSE 'FROM_15_TO_17' END AS age_band) b
         WHERE c.authority IS NOT NULL AND NOT c.closed AND c.birth_date < of_month AND y.years < 18
           AND NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = c.id)
           AND NOT EXISTS (SELECT FROM public.holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL)),
    cells AS (
        SELECT concat_ws(' ', CASE WHEN grouping(authority) = 0 THEN 'AUTHORITY' END,
                              CASE WHEN grouping(age_band) = 0 THEN 'AGE_BAND' END,
                              CASE WHEN grouping(gender) = 0 THEN 'GENDER' END) AS by,
               coalesce(authority, '') AS authority, coalesce(age_band, '') AS age_band, coalesce(gender, '') AS gender,
               count(*)::int AS true_count,
               mod(sum(hashint8extended(id, (SELECT seed FROM public.statistics_seed)) & 255), 256)::int AS cell_key
          FROM counted GROUP BY CUBE (authority, age_band, gender)),
    -- Every combination there could be has its cell, so that one which is not there says nothing.
    whole AS (
        SELECT g.by, a.authority, b.age_band, x.gender
          FROM (VALUES ('', 0, 0, 0), ('AUTHORITY', 1, 0, 0), ('AGE_BAND', 0, 1, 0), ('GENDER', 0, 0, 1),
                       ('AUTHORITY AGE_BAND', 1, 1, 0), ('AUTHORITY GENDER', 1, 0, 1), ('AGE_BAND GENDER', 0, 1, 1),
                       ('AUTHORITY AGE_BAND GENDER', 1, 1, 1)) AS g (by, has_authority, has_age, has_gender)
          JOIN (SELECT DISTINCT o.authority, 1 AS is FROM public.organisations o
                 WHERE o.kind = 'LOCAL_AUTHORITY' AND o.authority IS NOT NULL
                UNION ALL SELECT '', 0) AS a ON a.is = g.has_authority
          JOIN (SELECT unnest(ARRAY['UNDER_1', 'FROM_1_TO_4', 'FROM_5_TO_9', 'FROM_10_TO_14', 'FROM_15_TO_17']) AS age_band,
                       1 AS is UNION ALL SELECT '', 0) AS b ON b.is = g.has_age
          JOIN (SELECT unnest(ARRAY['FEMALE', 'MALE', 'OTHER', 'UNKNOWN']) AS gender, 1 AS is
                UNION ALL SELECT '', 0) AS x ON x.is = g.has_gender),
    drawn AS (
        SELECT w.*, coalesce(c.true_count, 0) AS true_count,
               coalesce(c.true_count, 0) + public.noise(coalesce(c.cell_key, 0)) AS noisy,
               p.shown AS was, p.base AS base, p.withheld AS hidden
          FROM whole w
          LEFT JOIN cells c USING (by, authority, age_band, gender)
          LEFT JOIN public.statistics_cells p ON p.month = earlier AND p.grouping = w.by AND p.authority = w.authority
                                             AND p.age_band = w.age_band AND p.gender = w.gender)
    INSERT INTO public.statistics_draft (month, grouping, authority, age_band, gender, shown, base, withheld, carried)
    SELECT of_month, by, authority, age_band, gender,
           CASE WHEN base IS NOT NULL AND abs(true_count - base) < 10 THEN was
                WHEN true_count >= 10 AND noisy >= 10 THEN (round(noisy / 5.0) * 5)::int END,
           CASE WHEN base IS NOT NULL AND abs(true_count - base) < 10 THEN base ELSE true_count END,
           base IS NOT NULL AND abs(true_count - base) < 10 AND hidden,
           base IS NOT NULL AND abs(true_count - base) < 10
      FROM drawn;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;
-- Takes a cell's count out of the draft; it can only be taken out.
CREATE FUNCTION withhold_statistics(groupings text[], authorities text[], age_bands text[], genders text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.statistics_draft d SET shown = NULL, withheld = true
      FROM unnest($1, $2, $3, $4) AS w (grouping, authority, age_band, gender)
     WHERE (d.grouping, d.authority, d.age_band, d.gender) = (w.grouping, w.authority, w.age_band, w.gender)
$$;
CREATE FUNCTION publish_statistics() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.statistics_cells (month, grouping, authority, age_band, gender, shown, base, withheld)
    SELECT month, grouping, authority, age_band, gender, shown, base, withheld FROM public.statistics_draft;
    DELETE FROM public.statistics_draft;
$$;
REVOKE ALL ON FUNCTION noise, draft_statistics, withhold_statistics, publish_statistics FROM PUBLIC;
