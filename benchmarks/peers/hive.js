// Hive Gateway as a library, over the subgraphs composed into one supergraph.
import { createServer } from 'node:http'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import { composeServices } from '@theguild/federation-composition'
import { surroundings } from './common.js'
import { services } from './federated.js'

const { supergraphSdl, errors } = composeServices(services(surroundings.subgraphs))
if (errors?.length) throw new Error(errors.join('\n'))

const gateway = createGatewayRuntime({ supergraph: supergraphSdl, logging: false })
const server = createServer(gateway)
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}/graphql`))
