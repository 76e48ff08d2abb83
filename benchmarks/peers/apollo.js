// Apollo Server, standalone.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { loaders, resolvers } from './loaders.js'
import { typeDefs } from './common.js'

const server = new ApolloServer({ typeDefs, resolvers })
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: async () => loaders()
})
console.log(`ready ${url}`)
