-- A session of the SQLite shell that touches most of what it needs from a system: real database files, journals,
-- temporary files, imports and exports. Run in a folder that holds cities.csv; prints the same everywhere.
.bail off
.headers on
.mode column
PRAGMA journal_mode=DELETE;
CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT, people INT CHECK (people >= 0));
CREATE INDEX by_country ON city(country, people DESC);
.mode csv
.import --skip 1 cities.csv city
.mode list
SELECT count(*), sum(people), min(name), max(name) FROM city;
SELECT country, count(*) AS n, sum(people) AS total FROM city GROUP BY country HAVING n > 1 ORDER BY total DESC;
EXPLAIN QUERY PLAN SELECT name FROM city WHERE country = 'FR' ORDER BY people DESC;
INSERT INTO city VALUES (1, 'duplicate', 'XX', 1);
INSERT INTO city(name, people) VALUES ('negative', -1);
INSERT INTO city(id, name, people) VALUES (1, 'Changed', 5) ON CONFLICT(id) DO UPDATE SET people = people + excluded.people RETURNING *;

-- Joins, subqueries, windows, recursive and ordinary common table expressions.
CREATE TABLE country(code TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
INSERT INTO country VALUES ('FR', 'France'), ('DE', 'Germany'), ('JP', 'Japan'), ('ZZ', 'Nowhere');
SELECT c.name, t.name FROM country c LEFT JOIN city t ON t.country = c.code ORDER BY 1, 2;
SELECT name FROM country WHERE NOT EXISTS (SELECT 1 FROM city WHERE country = code);
SELECT name, people, rank() OVER (PARTITION BY country ORDER BY people DESC) AS r,
    sum(people) OVER (ORDER BY people ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM city ORDER BY people LIMIT 6;
WITH RECURSIVE fib(n, a, b) AS (VALUES (1, 0, 1) UNION ALL SELECT n + 1, b, a + b FROM fib WHERE n < 80) SELECT max(n), max(a) FROM fib;
WITH RECURSIVE m(x, y, i, zx, zy) AS (
    SELECT -2.0 + 0.1 * xs.value, -1.0 + 0.2 * ys.value, 0, 0.0, 0.0 FROM json_each('[0,5,10,15,20,25]') xs, json_each('[0,3,5,8]') ys
    UNION ALL SELECT x, y, i + 1, zx * zx - zy * zy + x, 2 * zx * zy + y FROM m WHERE i < 20 AND zx * zx + zy * zy < 4)
    SELECT group_concat(n, '') FROM (SELECT max(i) % 10 AS n FROM m GROUP BY y, x ORDER BY y, x);

-- Triggers, views, generated columns, strict tables, foreign keys.
CREATE TABLE log(what TEXT);
CREATE TRIGGER shrunk AFTER UPDATE OF people ON city WHEN new.people < old.people BEGIN INSERT INTO log VALUES (old.name || ' lost ' || (old.people - new.people)); END;
UPDATE city SET people = people - 100 WHERE country = 'FR';
SELECT * FROM log ORDER BY what;
CREATE VIEW big AS SELECT * FROM city WHERE people > 1000000;
SELECT name FROM big ORDER BY name;
CREATE TABLE g(a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c TEXT AS (printf('%05d', a))) STRICT;
INSERT INTO g(a) VALUES (21), (7);
SELECT * FROM g;
INSERT INTO g(a) VALUES ('text');
PRAGMA foreign_keys=ON;
CREATE TABLE child(code TEXT REFERENCES country(code) ON DELETE CASCADE);
INSERT INTO child VALUES ('FR'), ('XX');
INSERT INTO child VALUES ('FR'), ('DE');
DELETE FROM country WHERE code = 'FR';
SELECT * FROM child;

-- Transactions: rollback, savepoints, every kind of journal, a cache small enough that changes spill to the file.
BEGIN; DELETE FROM city; SELECT count(*) FROM city; ROLLBACK; SELECT count(*) FROM city;
BEGIN; SAVEPOINT a; UPDATE city SET name = 'x'; SAVEPOINT b; DELETE FROM city; ROLLBACK TO b; SELECT count(DISTINCT name) FROM city; ROLLBACK TO a; RELEASE a; COMMIT;
SELECT count(DISTINCT name) FROM city;
PRAGMA cache_size=10;
CREATE TABLE filler(k INTEGER PRIMARY KEY, v BLOB);
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO filler SELECT i, zeroblob(200 + i % 700) FROM n;
PRAGMA journal_mode=TRUNCATE;
BEGIN; UPDATE filler SET v = zeroblob(900) WHERE k % 3 = 0; SELECT sum(length(v)) FROM filler; ROLLBACK; SELECT sum(length(v)) FROM filler;
PRAGMA journal_mode=PERSIST;
BEGIN; DELETE FROM filler WHERE k % 2; SELECT count(*) FROM filler; ROLLBACK; SELECT count(*) FROM filler;
PRAGMA journal_mode=MEMORY;
UPDATE filler SET v = zeroblob(50) WHERE k % 5 = 0;
PRAGMA locking_mode=EXCLUSIVE;
PRAGMA journal_mode=WAL;
BEGIN; UPDATE filler SET v = zeroblob(60) WHERE k % 7 = 0; COMMIT;
SELECT sum(length(v)) FROM filler;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA journal_mode=DELETE;
PRAGMA locking_mode=NORMAL;
SELECT sum(length(v)) FROM filler;
PRAGMA integrity_check;

-- Space: vacuum, copies, attached files, temporary tables and a sort too large for memory.
DELETE FROM filler WHERE k > 100;
PRAGMA freelist_count;
VACUUM;
PRAGMA freelist_count;
PRAGMA page_size;
VACUUM INTO 'copy.db';
ATTACH 'copy.db' AS copy;
SELECT count(*) FROM copy.city;
INSERT INTO copy.city(name, country, people) SELECT name || '2', country, people FROM main.city;
SELECT (SELECT count(*) FROM main.city), (SELECT count(*) FROM copy.city);
BEGIN; INSERT INTO main.log VALUES ('both'); INSERT INTO copy.log VALUES ('both'); COMMIT;
SELECT count(*) FROM main.log UNION ALL SELECT count(*) FROM copy.log;
DETACH copy;
PRAGMA temp_store=FILE;
CREATE TEMP TABLE t AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT (i * 7919) % 60013 AS a, hex(i) AS b FROM n;
SELECT sum(a * r) FROM (SELECT a, row_number() OVER (ORDER BY b DESC, a) AS r FROM t);
SELECT a, b FROM t ORDER BY b, a LIMIT 3 OFFSET 30000;
CREATE INDEX temp.t_a ON t(a);
SELECT count(*) FROM t x JOIN t y ON x.a = y.a;

-- Extensions: full text, R-tree, JSON, dates, numbers and text.
CREATE VIRTUAL TABLE doc USING fts5(title, body);
INSERT INTO doc VALUES ('Unikernels', 'one program, one address space'), ('Files', 'a file system in memory'), ('Space', 'outer space is large');
SELECT title, snippet(doc, 1, '[', ']', '...', 4) FROM doc WHERE doc MATCH 'space' ORDER BY rank;
SELECT title FROM doc WHERE doc MATCH 'one NEAR program NOT outer';
CREATE VIRTUAL TABLE old USING fts4(x);
INSERT INTO old VALUES ('the quick brown fox'), ('jumps over');
SELECT x FROM old WHERE old MATCH 'qui*';
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1);
INSERT INTO boxes VALUES (1, 0, 1, 0, 1), (2, 5, 6, 5, 6), (3, 0.5, 5.5, 0.5, 5.5);
SELECT id FROM boxes WHERE x1 >= 1 AND x0 <= 5 AND y1 >= 5 ORDER BY id;
SELECT json_extract('{"a":[1,{"b":2.5}]}', '$.a[1].b'), json_group_array(name) FROM (SELECT name FROM country ORDER BY 1);
SELECT key, value, type FROM json_tree('{"x":[true,null,"s"]}') WHERE atom IS NOT NULL OR type = 'null';
SELECT date('2024-02-29', '+1 year'), strftime('%j %W %s', '2024-12-31 23:59:59'), julianday('2000-01-01');
SELECT typeof(1 / 2), 1 / 2.0, round(2.675, 2), sqrt(2), pow(2, 0.5) = sqrt(2), hex('a' || char(228)), unicode('€'), upper('abc'), instr('haystack', 'st');
SELECT printf('%.3f|%5d|%-5s|%e', 3.14159, 42, 'ab', 12345.678), quote(x'00ff'), substr('hello', -3, 2), replace('aXbX', 'X', '--');
SELECT 9223372036854775807 + 1, 0.1 + 0.2 = 0.3, '10' > 9, NULL IS NOT 1, 5 BETWEEN 1 AND 9, 'abc' LIKE 'A%', 'abc' GLOB 'A*';

-- Commands of the shell that write files.
.mode csv
.once out.csv
SELECT name, people FROM city ORDER BY id LIMIT 3;
.import out.csv again
SELECT * FROM again;
.mode insert
SELECT * FROM g;
.mode list
.backup backup.db
.dump g
.tables
.schema city
.open backup.db
PRAGMA integrity_check;
SELECT count(*), sum(people) FROM city;
.open none/none.db
SELECT 1 FROM nothing;
syntax error here;
.quit
