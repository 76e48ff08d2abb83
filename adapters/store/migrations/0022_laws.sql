-- One law more to ask the store about, beside those of 0014, which keep their text under another name; and one advice.

ALTER FUNCTION law_breaches() RENAME TO law_breaches_of_children;
REVOKE ALL ON FUNCTION law_breaches_of_children FROM contactpoint_gateway, contactpoint_feed;

CREATE FUNCTION law_breaches() RETURNS TABLE (law text, breaches bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT * FROM public.law_breaches_of_children()
    UNION ALL
    SELECT 'one-registry-epoch', abs(count(*) - 1) FROM public.registry_epoch
$$;

-- Whether this month's counts are published: nobody is refused anything because they are not.
CREATE FUNCTION statistics_current() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.statistics_cells
                    WHERE month = date_trunc('month', now() AT TIME ZONE 'Europe/London')::date)
$$;
REVOKE ALL ON FUNCTION law_breaches, statistics_current FROM PUBLIC;
GRANT EXECUTE ON FUNCTION law_breaches, statistics_current TO contactpoint_gateway, contactpoint_feed;
