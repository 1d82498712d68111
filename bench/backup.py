"""The script that a company writes first: rows by psycopg, a file by avro. Prints the seconds that it took."""
import json
import sys
import time

import avro.datafile
import avro.io
import avro.schema
import psycopg2

path, rows = sys.argv[1], int(sys.argv[2])
schema = avro.schema.parse(json.dumps({'type': 'record', 'name': 'hires', 'fields': [
    {'name': 'id', 'type': 'int'}, {'name': 'name', 'type': 'string'},
    {'name': 'datetime', 'type': {'type': 'long', 'logicalType': 'timestamp-micros'}},
    {'name': 'department_id', 'type': 'int'}, {'name': 'job_id', 'type': 'int'}]}))
began = time.monotonic()
with psycopg2.connect(dbname='bench') as connection, connection.cursor('hires') as cursor:
    cursor.itersize = 10000
    cursor.execute('SELECT id, name, datetime, department_id, job_id FROM hires LIMIT %s', (rows,))
    with avro.datafile.DataFileWriter(open(path, 'wb'), avro.io.DatumWriter(), schema, codec='deflate') as writer:
        for id_, name, moment, department, job in cursor:
            writer.append({'id': id_, 'name': name, 'datetime': moment, 'department_id': department, 'job_id': job})
print(time.monotonic() - began)
