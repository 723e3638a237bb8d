-- A full refresh of the summary tables: staged, verified, published at one instant.
-- Made by: flask refresh-summaries --sql
-- Run it with a bare client: mariadb DATABASE < database/refresh_summary_tables.sql

SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO';
SET SESSION time_zone = '+00:00';

-- The lock that imports and refreshes share. If it is busy, the next statement stops the script.
SET @busy = IF(GET_LOCK(CONCAT('lego.', DATABASE()), 0) = 1, NULL, 'busy');
DELIMITER //
BEGIN NOT ATOMIC
  IF @busy IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an import or a refresh is running; try again when it has ended';
  END IF;
END//
DELIMITER ;

-- Facts that were moved to files are not in financials; this script would lose their months.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (SELECT month FROM archived_month) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'months are archived; run flask refresh-summaries instead';
  END IF;
END//
DELIMITER ;

-- What a generation tells of lines of Amazon's reports (settlements, descriptions that are not sorted, SKUs without
-- ASIN), of unit costs and of overheads is not made by this script. Nor is which import gave what: of its
-- generation that is not known.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (SELECT import_id FROM amazon_line) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are lines of Amazon reports; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT id FROM financials WHERE currency IS NOT NULL) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'facts name currencies; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT import_id FROM overhead) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are overheads; run flask refresh-summaries instead';
  END IF;
  IF EXISTS (SELECT import_id FROM unit_cost) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there are unit costs; run flask refresh-summaries instead';
  END IF;
END//
DELIMITER ;

SET @now = UTC_TIMESTAMP(6);
SET @run = UUID();
SET @live = (SELECT generation FROM summary_generation WHERE live = 1);
SET @generation = 1 + GREATEST(
  COALESCE((SELECT MAX(generation) FROM summary_generation), 0),
  COALESCE((SELECT MAX(generation) FROM refresh_log), 0));
SET @ledger = COALESCE((SELECT MAX(id) FROM changed_month), 0);
SET @last_fact = COALESCE((SELECT MAX(id) FROM financials), 0);
SET @recent = (SELECT COUNT(*) FROM financials WHERE id > @last_fact - 1000 AND id <= @last_fact);

-- Staged tables: invisible to readers.
DROP TABLE IF EXISTS financials_summary_monthly_asin_marketplace_staging;
CREATE TABLE financials_summary_monthly_asin_marketplace_staging (
  asin_id INTEGER NOT NULL,
  brand_id INTEGER NOT NULL,
  category_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  value NUMERIC(25, 2) NOT NULL,
  updated_at DATETIME(6),
  currency VARCHAR(3) COMMENT 'what it was converted from: a code, or * for several',
  local_value NUMERIC(25, 2) COMMENT 'in that currency, if it is one',
  PRIMARY KEY (month, metric, marketplace, asin_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DROP TABLE IF EXISTS financials_summary_monthly_brand_staging;
CREATE TABLE financials_summary_monthly_brand_staging (
  brand_id INTEGER NOT NULL,
  category_id INTEGER NOT NULL,
  month DATE NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  metric VARCHAR(100) NOT NULL,
  total_value NUMERIC(25, 2) NOT NULL,
  asin_count INTEGER NOT NULL,
  updated_at DATETIME(6),
  PRIMARY KEY (month, metric, marketplace, category_id, brand_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DROP TABLE IF EXISTS financials_summary_monthly_category_staging;
CREATE TABLE financials_summary_monthly_category_staging (
  category_id INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  total_value NUMERIC(25, 2) NOT NULL,
  brand_count INTEGER NOT NULL,
  asin_count INTEGER NOT NULL,
  updated_at DATETIME(6),
  PRIMARY KEY (month, metric, category_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DROP TABLE IF EXISTS financials_summary_monthly_marketplace_staging;
CREATE TABLE financials_summary_monthly_marketplace_staging (
  category_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  total_value NUMERIC(25, 2) NOT NULL,
  brand_count INTEGER NOT NULL,
  asin_count INTEGER NOT NULL,
  updated_at DATETIME(6),
  PRIMARY KEY (month, metric, marketplace, category_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DROP TABLE IF EXISTS financials_summary_monthly_import_staging;
CREATE TABLE financials_summary_monthly_import_staging (
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  category_id INTEGER NOT NULL,
  brand_id INTEGER NOT NULL,
  import_id INTEGER NOT NULL COMMENT 'as in import_sum',
  currency VARCHAR(3) NOT NULL COMMENT 'what it was converted from, '''' for nothing',
  facts BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL COMMENT 'in the reporting currency',
  local_value NUMERIC(25, 2) NOT NULL COMMENT 'in its own',
  PRIMARY KEY (month, metric, marketplace, category_id, brand_id, import_id, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DROP TABLE IF EXISTS summary_generation_staging;
CREATE TABLE summary_generation_staging (
  generation INTEGER NOT NULL,
  live BOOL NOT NULL,
  previous INTEGER COMMENT 'the generation that was live before it',
  run_id VARCHAR(36) NOT NULL,
  refresh_type VARCHAR(20) NOT NULL,
  published_at DATETIME(6) NOT NULL,
  months MEDIUMTEXT NOT NULL COMMENT 'rebuilt months, YYYY-MM, commas between',
  first_month DATE,
  last_month DATE,
  facts BIGINT NOT NULL,
  left_out_facts BIGINT NOT NULL,
  ledger_id BIGINT NOT NULL COMMENT 'last changed_month entry included',
  last_fact_id BIGINT NOT NULL COMMENT 'high-water mark of financials.id',
  recent_facts INTEGER NOT NULL COMMENT 'facts among the last ids below that mark',
  placement INTEGER NOT NULL COMMENT 'the placement set it was built with',
  currencies VARCHAR(255) NOT NULL COMMENT 'currencies that its sums mix',
  excluded_groups MEDIUMTEXT NOT NULL COMMENT 'brand groups left out, commas between',
  in_place BOOL NOT NULL COMMENT 'whether it replaced months of the one before',
  spread VARCHAR(20) COMMENT 'by what nobody''s costs are shared out; none if they are not',
  PRIMARY KEY (generation)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
DELETE FROM summary_placement WHERE placement = @generation;
DELETE FROM summary_month WHERE generation = @generation;
DELETE FROM summary_left_out WHERE generation = @generation;

-- Where every product stands.
INSERT INTO summary_placement (placement, asin_id, brand_id, category_id) SELECT @generation AS placement, current_placement.asin_id, current_placement.brand_id, current_placement.category_id
FROM (SELECT asin.id AS asin_id, CASE WHEN (coalesce(brand.`group`, '') IN ('stock')) THEN -1 ELSE coalesce(brand.id, 0) END AS brand_id, coalesce(own.id, inherited.id, 0) AS category_id
FROM asin LEFT OUTER JOIN brand ON brand.id = asin.brand_id LEFT OUTER JOIN category AS own ON own.id = asin.category_id LEFT OUTER JOIN category AS inherited ON inherited.id = brand.category_id) AS current_placement;

-- Every level, month by month: facts -> ASIN -> brand -> category and marketplace; then fingerprints and what is
-- left out.
DELIMITER //
BEGIN NOT ATOMIC
  FOR each_month IN (
    SELECT DISTINCT CAST(DATE_FORMAT(dates.month, '%Y-%m-01') AS DATE) AS month
    FROM (SELECT month FROM financials WHERE month IS NOT NULL GROUP BY month) AS dates
    ORDER BY month
  ) DO
    INSERT INTO financials_summary_monthly_asin_marketplace_staging (asin_id, brand_id, category_id, marketplace, month, metric, value, updated_at) SELECT financials.asin_id, (SELECT summary_placement.brand_id
    FROM summary_placement
    WHERE summary_placement.placement = @generation AND summary_placement.asin_id = financials.asin_id) AS brand_id, (SELECT summary_placement.category_id
    FROM summary_placement
    WHERE summary_placement.placement = @generation AND summary_placement.asin_id = financials.asin_id) AS category_id, financials.marketplace, each_month.month AS month, financials.metric, sum(financials.value) AS value, @now AS updated_at
    FROM financials
    WHERE financials.month BETWEEN each_month.month AND LAST_DAY(each_month.month) AND financials.metric != '' AND financials.marketplace != '' AND financials.marketplace != 'ALL' AND financials.value IS NOT NULL GROUP BY financials.metric, financials.marketplace, financials.asin_id
    HAVING brand_id > -1;
    INSERT INTO financials_summary_monthly_brand_staging (brand_id, category_id, month, marketplace, metric, total_value, asin_count, updated_at) SELECT a.brand_id, a.category_id, a.month, a.marketplace, a.metric, sum(a.value) AS total_value, count(*) AS asin_count, @now AS updated_at
    FROM financials_summary_monthly_asin_marketplace_staging AS a
    WHERE a.month = each_month.month GROUP BY a.month, a.metric, a.marketplace, a.category_id, a.brand_id;
    INSERT INTO financials_summary_monthly_brand_staging (brand_id, category_id, month, marketplace, metric, total_value, asin_count, updated_at) SELECT a.brand_id, a.category_id, a.month, 'ALL' AS marketplace, a.metric, sum(a.value) AS total_value, count(DISTINCT a.asin_id) AS asin_count, @now AS updated_at
    FROM financials_summary_monthly_asin_marketplace_staging AS a
    WHERE a.month = each_month.month GROUP BY a.month, a.metric, a.category_id, a.brand_id;
    INSERT INTO financials_summary_monthly_category_staging (category_id, month, metric, total_value, brand_count, asin_count, updated_at) SELECT b.category_id, b.month, b.metric, sum(b.total_value) AS total_value, count(*) AS brand_count, sum(b.asin_count) AS asin_count, @now AS updated_at
    FROM financials_summary_monthly_brand_staging AS b
    WHERE b.month = each_month.month AND b.marketplace = 'ALL' GROUP BY b.month, b.metric, b.category_id;
    INSERT INTO financials_summary_monthly_marketplace_staging (category_id, marketplace, month, metric, total_value, brand_count, asin_count, updated_at) SELECT b.category_id, b.marketplace, b.month, b.metric, sum(b.total_value) AS total_value, count(*) AS brand_count, sum(b.asin_count) AS asin_count, max(b.updated_at) AS updated_at
    FROM financials_summary_monthly_brand_staging AS b
    WHERE b.month = each_month.month AND b.marketplace != 'ALL' GROUP BY b.month, b.metric, b.marketplace, b.category_id;
    INSERT INTO summary_month (generation, month, metric, facts, value, last_fact_id, left_out_facts, left_out_value) SELECT @generation AS generation, each_month.month AS month, found.metric, sum(found.facts) AS facts, sum(coalesce(found.value, 0)) AS value, max(found.last_fact_id) AS last_fact_id, sum(found.facts - CASE WHEN (found.reason = '') THEN found.valued ELSE 0 END) AS left_out_facts, sum(CASE WHEN (found.reason = '') THEN 0 ELSE coalesce(found.value, 0) END) AS left_out_value
    FROM (SELECT labelled.metric AS metric, labelled.reason AS reason, sum(labelled.facts) AS facts, sum(labelled.valued) AS valued, sum(labelled.value) AS value, max(labelled.last_fact_id) AS last_fact_id
    FROM (SELECT coalesce(fact_groups.metric, '') AS metric, CASE WHEN (coalesce(fact_groups.metric, '') = '') THEN 'no metric' WHEN (coalesce(fact_groups.marketplace, '') = '') THEN 'no marketplace' WHEN (fact_groups.marketplace = 'ALL') THEN 'marketplace ALL' WHEN (asin.id IS NULL) THEN 'unknown product' WHEN (coalesce(brand.`group`, '') IN ('stock')) THEN 'excluded group' ELSE '' END AS reason, fact_groups.facts AS facts, fact_groups.valued AS valued, fact_groups.value AS value, fact_groups.last_fact_id AS last_fact_id
    FROM (SELECT financials.metric AS metric, financials.marketplace AS marketplace, financials.asin_id AS asin_id, count(*) AS facts, count(financials.value) AS valued, sum(financials.value) AS value, max(financials.id) AS last_fact_id
    FROM financials
    WHERE financials.month BETWEEN each_month.month AND LAST_DAY(each_month.month) GROUP BY financials.metric, financials.marketplace, financials.asin_id) AS fact_groups LEFT OUTER JOIN asin ON asin.id = fact_groups.asin_id LEFT OUTER JOIN brand ON brand.id = asin.brand_id) AS labelled GROUP BY labelled.metric, labelled.reason) AS found GROUP BY found.metric;
    INSERT INTO summary_left_out (generation, month, metric, reason, facts, value) SELECT @generation AS generation, each_month.month AS month, found.metric, found.reason, found.valued AS facts, coalesce(found.value, 0) AS value
    FROM (SELECT labelled.metric AS metric, labelled.reason AS reason, sum(labelled.facts) AS facts, sum(labelled.valued) AS valued, sum(labelled.value) AS value, max(labelled.last_fact_id) AS last_fact_id
    FROM (SELECT coalesce(fact_groups.metric, '') AS metric, CASE WHEN (coalesce(fact_groups.metric, '') = '') THEN 'no metric' WHEN (coalesce(fact_groups.marketplace, '') = '') THEN 'no marketplace' WHEN (fact_groups.marketplace = 'ALL') THEN 'marketplace ALL' WHEN (asin.id IS NULL) THEN 'unknown product' WHEN (coalesce(brand.`group`, '') IN ('stock')) THEN 'excluded group' ELSE '' END AS reason, fact_groups.facts AS facts, fact_groups.valued AS valued, fact_groups.value AS value, fact_groups.last_fact_id AS last_fact_id
    FROM (SELECT financials.metric AS metric, financials.marketplace AS marketplace, financials.asin_id AS asin_id, count(*) AS facts, count(financials.value) AS valued, sum(financials.value) AS value, max(financials.id) AS last_fact_id
    FROM financials
    WHERE financials.month BETWEEN each_month.month AND LAST_DAY(each_month.month) GROUP BY financials.metric, financials.marketplace, financials.asin_id) AS fact_groups LEFT OUTER JOIN asin ON asin.id = fact_groups.asin_id LEFT OUTER JOIN brand ON brand.id = asin.brand_id) AS labelled GROUP BY labelled.metric, labelled.reason) AS found
    WHERE found.reason != '' AND found.valued > 0;
    INSERT INTO summary_left_out (generation, month, metric, reason, facts, value) SELECT @generation AS generation, each_month.month AS month, found.metric, 'no value' AS reason, sum(found.facts - found.valued) AS facts, 0 AS value
    FROM (SELECT labelled.metric AS metric, labelled.reason AS reason, sum(labelled.facts) AS facts, sum(labelled.valued) AS valued, sum(labelled.value) AS value, max(labelled.last_fact_id) AS last_fact_id
    FROM (SELECT coalesce(fact_groups.metric, '') AS metric, CASE WHEN (coalesce(fact_groups.metric, '') = '') THEN 'no metric' WHEN (coalesce(fact_groups.marketplace, '') = '') THEN 'no marketplace' WHEN (fact_groups.marketplace = 'ALL') THEN 'marketplace ALL' WHEN (asin.id IS NULL) THEN 'unknown product' WHEN (coalesce(brand.`group`, '') IN ('stock')) THEN 'excluded group' ELSE '' END AS reason, fact_groups.facts AS facts, fact_groups.valued AS valued, fact_groups.value AS value, fact_groups.last_fact_id AS last_fact_id
    FROM (SELECT financials.metric AS metric, financials.marketplace AS marketplace, financials.asin_id AS asin_id, count(*) AS facts, count(financials.value) AS valued, sum(financials.value) AS value, max(financials.id) AS last_fact_id
    FROM financials
    WHERE financials.month BETWEEN each_month.month AND LAST_DAY(each_month.month) GROUP BY financials.metric, financials.marketplace, financials.asin_id) AS fact_groups LEFT OUTER JOIN asin ON asin.id = fact_groups.asin_id LEFT OUTER JOIN brand ON brand.id = asin.brand_id) AS labelled GROUP BY labelled.metric, labelled.reason) AS found
    WHERE found.facts > found.valued GROUP BY found.metric;
  END FOR;
END//
DELIMITER ;

-- Secondary indexes, after loading.
ALTER TABLE financials_summary_monthly_asin_marketplace_staging
  ADD INDEX ix_asin_brand (brand_id, marketplace, month, metric),
  ADD INDEX ix_asin_category (category_id, marketplace, month, metric),
  ADD INDEX ix_asin_product (asin_id, metric, month, marketplace, value, brand_id, category_id);
ALTER TABLE financials_summary_monthly_brand_staging
  ADD INDEX ix_brand_brand (brand_id, metric, month),
  ADD INDEX ix_brand_category (category_id, metric, month),
  ADD INDEX ix_brand_marketplace (marketplace);
ALTER TABLE financials_summary_monthly_category_staging
  ADD INDEX ix_category_category (category_id, metric, month);

INSERT INTO summary_generation_staging
SELECT generation, 0, previous, run_id, refresh_type, published_at, months, first_month, last_month, facts,
  left_out_facts, ledger_id, last_fact_id, recent_facts, placement, currencies, excluded_groups, in_place, spread
FROM summary_generation WHERE live = 1;
INSERT INTO summary_generation_staging (generation, live, previous, run_id, refresh_type, published_at, months,
  first_month, last_month, facts, left_out_facts, ledger_id, last_fact_id, recent_facts, placement, currencies,
  excluded_groups, in_place, spread)
SELECT @generation, 1, @live, @run, 'full', UTC_TIMESTAMP(6),
  COALESCE((SELECT GROUP_CONCAT(DISTINCT DATE_FORMAT(month, '%Y-%m') ORDER BY month)
            FROM summary_month WHERE generation = @generation), ''),
  MIN(CASE WHEN facts > left_out_facts THEN month END), MAX(CASE WHEN facts > left_out_facts THEN month END),
  COALESCE(SUM(facts), 0), COALESCE(SUM(left_out_facts), 0), @ledger, @last_fact, @recent, @generation,
  COALESCE((SELECT GROUP_CONCAT(DISTINCT currencies ORDER BY currencies)
            FROM financials_import WHERE status = 'done' AND currencies <> ''), ''),
  'stock', 0, NULL
FROM summary_month WHERE generation = @generation;

-- Per month and metric, to the cent: facts - left out = ASIN = brand by marketplace = brand ALL = category =
-- by marketplace.
DELIMITER //
BEGIN NOT ATOMIC
  IF EXISTS (
    SELECT month, metric FROM (
      SELECT month, metric, 'facts' AS level, value - left_out_value AS total
      FROM summary_month WHERE generation = @generation AND facts > left_out_facts
      UNION ALL
      SELECT month, metric, 'asin', SUM(value) FROM financials_summary_monthly_asin_marketplace_staging
      GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'brand', SUM(total_value) FROM financials_summary_monthly_brand_staging
      WHERE marketplace <> 'ALL' GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'brand ALL', SUM(total_value) FROM financials_summary_monthly_brand_staging
      WHERE marketplace = 'ALL' GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'category', SUM(total_value) FROM financials_summary_monthly_category_staging
      GROUP BY month, metric
      UNION ALL
      SELECT month, metric, 'marketplace', SUM(total_value) FROM financials_summary_monthly_marketplace_staging
      GROUP BY month, metric
    ) AS levels
    GROUP BY month, metric HAVING COUNT(*) <> 6 OR MIN(total) <> MAX(total)
  ) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'verification failed: nothing was published';
  END IF;
END//
DELIMITER ;

-- Published at one instant.
DROP TABLE IF EXISTS financials_summary_monthly_asin_marketplace_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_brand_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_category_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_marketplace_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_import_dropped;
DROP TABLE IF EXISTS summary_generation_dropped;
RENAME TABLE
  financials_summary_monthly_asin_marketplace_previous TO financials_summary_monthly_asin_marketplace_dropped,
  financials_summary_monthly_asin_marketplace TO financials_summary_monthly_asin_marketplace_previous,
  financials_summary_monthly_asin_marketplace_staging TO financials_summary_monthly_asin_marketplace,
  financials_summary_monthly_brand_previous TO financials_summary_monthly_brand_dropped,
  financials_summary_monthly_brand TO financials_summary_monthly_brand_previous,
  financials_summary_monthly_brand_staging TO financials_summary_monthly_brand,
  financials_summary_monthly_category_previous TO financials_summary_monthly_category_dropped,
  financials_summary_monthly_category TO financials_summary_monthly_category_previous,
  financials_summary_monthly_category_staging TO financials_summary_monthly_category,
  financials_summary_monthly_marketplace_previous TO financials_summary_monthly_marketplace_dropped,
  financials_summary_monthly_marketplace TO financials_summary_monthly_marketplace_previous,
  financials_summary_monthly_marketplace_staging TO financials_summary_monthly_marketplace,
  financials_summary_monthly_import_previous TO financials_summary_monthly_import_dropped,
  financials_summary_monthly_import TO financials_summary_monthly_import_previous,
  financials_summary_monthly_import_staging TO financials_summary_monthly_import,
  summary_generation TO summary_generation_dropped,
  summary_generation_staging TO summary_generation;
INSERT INTO refresh_log (run_id, stage, refresh_type, started_at, ended_at, duration_seconds, status, generation)
VALUES (@run, '', 'full', @now, UTC_TIMESTAMP(6), TIMESTAMPDIFF(MICROSECOND, @now, UTC_TIMESTAMP(6)) / 1000000,
  'success', @generation);
DROP TABLE IF EXISTS financials_summary_monthly_asin_marketplace_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_brand_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_category_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_marketplace_dropped;
DROP TABLE IF EXISTS financials_summary_monthly_import_dropped;
DROP TABLE IF EXISTS summary_generation_dropped;
DO RELEASE_LOCK(CONCAT('lego.', DATABASE()));
