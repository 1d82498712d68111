-- What the OpenAPI document shows of each route besides its shape: what options may be, headers of answers, and
-- examples of requests with the answers they get.

CREATE TABLE rest.options (
  operation   text NOT NULL,
  argument    text NOT NULL,
  schema      jsonb NOT NULL,
  description text,
  PRIMARY KEY (operation, argument)
);
CREATE TABLE rest.answer_headers (operation text, status integer, header text, schema jsonb, description text);
CREATE TABLE rest.examples (
  operation  text NOT NULL,
  name       text NOT NULL,
  summary    text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  request    jsonb,
  status     integer NOT NULL,
  media      text NOT NULL DEFAULT 'application/json',
  answer     jsonb,
  PRIMARY KEY (operation, name)
);
GRANT SELECT ON rest.options, rest.answer_headers, rest.examples TO web_anon, app_reader;
