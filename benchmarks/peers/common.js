// What the peers share: the schema, the agencies over kept-alive connections, the children by one prepared statement.
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'
import pg from 'pg'

export const surroundings = JSON.parse(process.env.BENCHMARK_SURROUNDINGS)
export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')

const agencies = new Pool(surroundings.agencies, { connections: 128 })

async function bulk(kind, keys) {
  const { body } = await agencies.request({
    method: 'POST', path: `/bulk/${kind}`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ keys })
  })
  const { records } = await body.json()
  return keys.map(key => records[key])
}

async function single(kind, key) {
  const { body } = await agencies.request({ method: 'GET', path: `/single/${kind}/${key}` })
  return body.json()
}

/** What an agency holds for each of these keys, in their order. */
export const ask = surroundings.bulk
  ? bulk
  : (kind, keys) => Promise.all(keys.map(key => single(kind, key)))

const store = new pg.Pool({
  host: surroundings.socket,
  user: surroundings.user,
  password: surroundings.password,
  database: surroundings.database,
  max: 10
})

const CHILDREN = `
SELECT c.number, c.given, c.family, c.birth_date::text, c.gender, c.address_status, c.address_lines, c.postcode, c.uprn,
       n.value AS nhs_number, u.value AS upn, b.value AS birth_entry
  FROM children c
  LEFT JOIN keys n ON n.child_id = c.id AND n.system = 'NHS_NUMBER'
  LEFT JOIN keys u ON u.child_id = c.id AND u.system = 'UPN'
  LEFT JOIN keys b ON b.child_id = c.id AND b.system = 'BIRTH_ENTRY'
 WHERE c.number = ANY ($1::text[])`

/** The children of these numbers, in their order. */
export async function readChildren(numbers) {
  const { rows } = await store.query({ name: 'children', text: CHILDREN, values: [numbers] })
  const found = new Map(rows.map(row => [row.number, child(row)]))
  return numbers.map(number => found.get(number) ?? null)
}

function child(row) {
  return {
    number: row.number,
    name: { given: row.given, family: row.family },
    birthDate: row.birth_date,
    gender: row.gender,
    address: { status: row.address_status, lines: row.address_lines, postcode: row.postcode, uprn: row.uprn },
    nhsNumber: row.nhs_number,
    upn: row.upn,
    birthEntry: row.birth_entry
  }
}

const joined = name => `${name.given.join(' ')}|${name.family}`

/** The parents on an entry, each with the contact of that name. */
export function reached(parents, contacts) {
  const byName = new Map(contacts.map(contact => [joined(contact.name), contact]))
  return parents.map(parent => ({ ...byName.get(joined(parent.name)), ...parent }))
}

/** How what agencies hold is spelt in the schema. */
export const spellings = {
  Origin: { asOf: origin => origin.as_of },
  PracticeRegistration: { odsCode: practice => practice.ods_code }
}
