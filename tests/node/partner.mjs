// Asks a gateway as a partner's system would, by the name of an operation of its manifest: once with Apollo Client, which
// sends the document's hash, and once with plain fetch by `documentId`. Prints what was sent and what came back, as JSON.
//
//   GATEWAY_URL=http://…/graphql GATEWAY_TOKEN=… GATEWAY_PURPOSE=… node partner.mjs manifest.json OPERATION '{"number": "…"}'
import { readFileSync } from "node:fs";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client/core/index.js";
import { createPersistedQueryLink } from "@apollo/client/link/persisted-queries/index.js";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";

const { GATEWAY_URL: uri, GATEWAY_TOKEN: token, GATEWAY_PURPOSE: purpose } = process.env;
const [file, name, given] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(file, "utf8"));
const { id, body } = manifest.operations.find((operation) => operation.name === name);
const variables = JSON.parse(given);
const headers = { authorization: `Bearer ${token}`, "contactpoint-purpose": purpose };

const exchanges = [];
const observed = async (address, options) => {
  const answer = await fetch(address, options);
  exchanges.push({ sent: JSON.parse(options.body), status: answer.status, answer: await answer.clone().json() });
  return answer;
};

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: createPersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest })).concat(
    new HttpLink({ uri, headers, fetch: observed }),
  ),
});
await client.query({ query: gql(body), variables, fetchPolicy: "no-cache" }).catch(() => undefined);

const sent = { documentId: `sha256:${id}`, variables };
await observed(uri, {
  method: "POST",
  headers: { ...headers, "content-type": "application/json" },
  body: JSON.stringify(sent),
});
console.log(JSON.stringify(exchanges));
