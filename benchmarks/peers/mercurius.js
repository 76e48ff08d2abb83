// Mercurius, compiling operations after their first run, with its own loaders (which batch within a request).
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { ask, reached, readChildren, spellings, typeDefs } from './common.js'

const each = load => ({ loader: queries => load(queries.map(({ obj }) => obj)), opts: { cache: false } })

const app = Fastify()
app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  resolvers: {
    Query: {
      child: async (_, { number }) => (await readChildren([number]))[0],
      children: (_, { numbers }) => readChildren(numbers)
    },
    ...spellings
  },
  loaders: {
    Child: {
      enrolments: each(children => ask('schools', children.map(child => child.upn))),
      practice: each(children => ask('practices', children.map(child => child.nhsNumber))),
      parents: each(async children => {
        const [parents, contacts] = await Promise.all([
          ask('parents', children.map(child => child.birthEntry)),
          ask('contacts', children.map(child => child.nhsNumber))
        ])
        return children.map((_, place) => reached(parents[place], contacts[place]))
      })
    }
  }
})
console.log(`ready ${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`)
