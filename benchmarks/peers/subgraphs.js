// The agencies behind Hive Gateway: four subgraphs in one process. Each answers a batch of entities by one call.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { ask, reached, readChildren, spellings } from './common.js'
import { served, subgraphs } from './federated.js'

const keys = (children, field) => children.map(child => child[field])
const entities = {
  children: () => { throw new Error('no plan begins anywhere but in this subgraph') },
  schools: async children => {
    const held = await ask('schools', keys(children, 'upn'))
    return children.map((child, place) => ({ ...child, enrolments: held[place] }))
  },
  practices: async children => {
    const held = await ask('practices', keys(children, 'nhsNumber'))
    return children.map((child, place) => ({ ...child, practice: held[place] }))
  },
  parents: async children => {
    const [parents, contacts] = await Promise.all([
      ask('parents', keys(children, 'birthEntry')), ask('contacts', keys(children, 'nhsNumber'))
    ])
    return children.map((child, place) => ({ ...child, parents: reached(parents[place], contacts[place]) }))
  }
}

function resolvers(name) {
  const { Origin, PracticeRegistration } = spellings
  return {
    Query: {
      _service: () => ({ sdl: subgraphs[name] }),
      _entities: (_, { representations }) => entities[name](representations),
      ...(name === 'children' && {
        child: async (_, { number }) => (await readChildren([number]))[0],
        children: (_, { numbers }) => readChildren(numbers)
      })
    },
    _Entity: { __resolveType: () => 'Child' },
    ...(['schools', 'practices'].includes(name) && { Origin }),
    ...(name === 'practices' && { PracticeRegistration })
  }
}

const yogas = Object.fromEntries(Object.keys(subgraphs).map(name => [
  `/${name}`,
  createYoga({
    schema: createSchema({ typeDefs: served(name), resolvers: resolvers(name) }),
    graphqlEndpoint: `/${name}`,
    logging: false
  })
]))
const server = createServer((request, response) => yogas[request.url](request, response))
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`))
