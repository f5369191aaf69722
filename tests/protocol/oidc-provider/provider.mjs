// The npm package oidc-provider, unmodified, as somebody else's identity provider: node provider.mjs PACKAGE CONFIGURATION
// PACKAGE is the package's entry file, CONFIGURATION a JSON file: issuer, port, client_id, client_secret, redirect_uri, thin,
// keys (private JWKs; the first one signs), withdrawn (kids that are not published), people (sub → claims).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , entry, file] = process.argv;
const { Provider } = await import(pathToFileURL(entry));
const given = JSON.parse(readFileSync(file, "utf8"));

const provider = new Provider(given.issuer, {
  clients: [
    {
      client_id: given.client_id,
      client_secret: given.client_secret,
      redirect_uris: [given.redirect_uri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "given_name", "family_name"] },
  conformIdTokenClaims: given.thin,
  findAccount: (_context, sub) =>
    given.people[sub] && { accountId: sub, claims: () => ({ sub, ...given.people[sub] }) },
  jwks: { keys: given.keys },
  cookies: { keys: ["only for tests"] },
});

// The package's documented place for middleware: it tells which endpoints were asked, and leaves withdrawn keys out of the key set.
provider.use(async (context, next) => {
  await next();
  const route = context.oidc?.route;
  console.log(`asked ${route ?? context.path} ${context.status}`);
  if (route === "jwks") {
    context.body = { keys: context.body.keys.filter((key) => !given.withdrawn.includes(key.kid)) };
  }
});
for (const event of ["authorization.error", "grant.error", "userinfo.error", "server_error"]) {
  provider.on(event, (_context, error) => console.log(`${event}: ${error.error_description ?? error.message}`));
}

provider.listen(given.port, "127.0.0.1", () => console.log(`ready ${given.issuer}`));
