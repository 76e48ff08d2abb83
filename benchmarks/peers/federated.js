// The subgraphs' schemas: one for the store and one for each agency, joined on the keys the store knows.
import { parse } from 'graphql'

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])\n'
const ADDRESS = `
enum AddressStatus { CURRENT LAST_KNOWN NO_FIXED UNKNOWN LEFT_ENGLAND }
type Address @shareable { status: AddressStatus! lines: [String!]! postcode: String uprn: String }
`
const ORIGIN = 'scalar DateTime\ntype Origin @shareable { agency: String! asOf: DateTime! }\n'
const NAME = 'type PersonName @shareable { given: [String!]! family: String }\n'

export const subgraphs = {
  children: LINK + ADDRESS + NAME + `
    scalar Date
    enum Gender { FEMALE MALE OTHER UNKNOWN }
    type Query { child(number: ID!): Child children(numbers: [ID!]!): [Child]! }
    type Child @key(fields: "number") @key(fields: "upn") @key(fields: "nhsNumber") @key(fields: "birthEntry nhsNumber") {
      number: ID! upn: ID nhsNumber: ID birthEntry: ID
      name: PersonName! birthDate: Date! gender: Gender! address: Address
    }`,
  schools: LINK + ADDRESS + ORIGIN + `
    scalar Date
    type Child @key(fields: "upn") { upn: ID enrolments: [Enrolment!] }
    type School { urn: ID! name: String! phase: String phone: String address: Address }
    type Enrolment { school: School start: Date end: Date origin: Origin! }`,
  practices: LINK + ADDRESS + ORIGIN + `
    type Child @key(fields: "nhsNumber") { nhsNumber: ID practice: PracticeRegistration }
    type PracticeRegistration { odsCode: ID! name: String phone: String address: Address origin: Origin! }`,
  parents: LINK + ADDRESS + NAME + `
    type Child @key(fields: "birthEntry nhsNumber") { birthEntry: ID nhsNumber: ID parents: [Parent!] }
    type Parent { name: PersonName! relationship: String! phone: String email: String address: Address }`
}

/** The schema that a subgraph serves: its own, and the two fields of federation. */
export const served = name => `
scalar _Any
type _Service { sdl: String! }
union _Entity = Child
directive @link(url: String!, import: [String!]) repeatable on SCHEMA
directive @key(fields: String!, resolvable: Boolean = true) repeatable on OBJECT
directive @shareable on OBJECT | FIELD_DEFINITION
${name === 'children' ? 'extend type Query' : 'type Query'} {
  _service: _Service!
  _entities(representations: [_Any!]!): [_Entity]!
}
${subgraphs[name]}`

/** What composition takes. */
export const services = url =>
  Object.entries(subgraphs).map(([name, sdl]) => ({ name, typeDefs: parse(sdl), url: `${url}/${name}` }))
