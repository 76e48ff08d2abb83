// GraphQL Yoga on node's own server.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { loaders, resolvers } from './loaders.js'
import { typeDefs } from './common.js'

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), context: loaders, logging: false })
const server = createServer(yoga)
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}/graphql`))
