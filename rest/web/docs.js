// Starts Swagger UI over the OpenAPI document of this very server, and lets its dark colours follow the system's.
'use strict';

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

// Tokens stay in memory: a reload forgets them. No validator elsewhere is asked.
SwaggerUIBundle({
  url: '../rpc/openapi',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
});
