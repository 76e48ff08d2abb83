// Runs every audit of the graphql-http suite against a gateway and prints each one's outcome as JSON.
//
//   GATEWAY_URL=http://…/graphql GATEWAY_TOKEN=… GATEWAY_PURPOSE=… GATEWAY_REASON=… node audits.mjs
import { serverAudits } from "graphql-http";

const { GATEWAY_URL: url, GATEWAY_TOKEN: token, GATEWAY_PURPOSE: purpose, GATEWAY_REASON: reason } = process.env;
const said = { authorization: `Bearer ${token}`, "contactpoint-purpose": purpose, "contactpoint-reason": reason };

const fetchFn = (address, options = {}) => fetch(address, { ...options, headers: { ...options.headers, ...said } });

const outcomes = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  outcomes.push({ id, name, status, reason });
}
console.log(JSON.stringify(outcomes));
