-- The tables of LEGO Dashboard that a refresh reads and writes.
-- Made by: flask init-db, which also upgrades existing tables
-- Run it with a bare client: mariadb DATABASE < database/create_summary_tables.sql

CREATE TABLE IF NOT EXISTS category (
  id INTEGER NOT NULL AUTO_INCREMENT,
  category VARCHAR(255) NOT NULL,
  created_at DATETIME(6),
  import_id INTEGER,
  PRIMARY KEY (id),
  UNIQUE (category)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS brand (
  id INTEGER NOT NULL AUTO_INCREMENT,
  brand VARCHAR(255) NOT NULL,
  category_id INTEGER,
  `group` VARCHAR(100),
  created_at DATETIME(6),
  import_id INTEGER,
  PRIMARY KEY (id),
  UNIQUE (brand)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS asin (
  id INTEGER NOT NULL AUTO_INCREMENT,
  asin VARCHAR(64) NOT NULL,
  name VARCHAR(255),
  brand_id INTEGER,
  category_id INTEGER,
  status VARCHAR(50),
  created_at DATETIME(6),
  import_id INTEGER,
  PRIMARY KEY (id),
  UNIQUE (asin)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS marketplace (
  code VARCHAR(10) NOT NULL,
  country_name VARCHAR(100),
  currency VARCHAR(3),
  active BOOL NOT NULL DEFAULT 1,
  PRIMARY KEY (code)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS financials (
  id BIGINT NOT NULL AUTO_INCREMENT,
  asin_id INTEGER,
  marketplace VARCHAR(10),
  metric VARCHAR(100),
  month DATE NOT NULL,
  value NUMERIC(15, 2),
  import_id INTEGER,
  created_at DATETIME(6),
  currency VARCHAR(3) COMMENT 'none: the reporting currency, [dashboard] currency',
  PRIMARY KEY (id, month)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_financials_rollup ON financials (month, metric, marketplace, asin_id, value);

CREATE TABLE IF NOT EXISTS financials_currency (
  month DATE NOT NULL,
  currency VARCHAR(3) NOT NULL,
  PRIMARY KEY (month, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS financials_import (
  id INTEGER NOT NULL AUTO_INCREMENT,
  source VARCHAR(100) NOT NULL,
  format VARCHAR(20) NOT NULL,
  file_name VARCHAR(255) NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  mode VARCHAR(20) NOT NULL COMMENT 'replace, append, whole-months or join',
  status VARCHAR(20) NOT NULL COMMENT 'done, undone or removed (demo)',
  currencies VARCHAR(255) NOT NULL COMMENT 'codes the file names, counted one to one; commas between',
  facts BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL COMMENT 'sum of the facts imported, all metrics; 0 if value_currency is *',
  replaced_facts BIGINT NOT NULL,
  first_fact_id BIGINT,
  last_fact_id BIGINT,
  created_at DATETIME(6) NOT NULL,
  undone_at DATETIME(6),
  value_currency VARCHAR(3) COMMENT 'of value: none or '''' for the reporting currency, * for several',
  PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS financials_replaced (
  id BIGINT NOT NULL,
  asin_id INTEGER,
  marketplace VARCHAR(10),
  metric VARCHAR(100),
  month DATE NOT NULL,
  value NUMERIC(15, 2),
  import_id INTEGER,
  created_at DATETIME(6),
  replaced_by INTEGER NOT NULL,
  currency VARCHAR(3),
  PRIMARY KEY (replaced_by, id, month)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS name_join (
  import_id INTEGER NOT NULL COMMENT 'its row of financials_import',
  kind VARCHAR(20) NOT NULL COMMENT 'brand, category, metric, marketplace or product',
  old_name VARCHAR(255) NOT NULL,
  new_name VARCHAR(255) NOT NULL,
  old_id INTEGER COMMENT 'of the row that went, where names of the kind have ids',
  new_id INTEGER,
  kept MEDIUMTEXT NOT NULL COMMENT 'JSON: the row that went, and what was moved from it',
  PRIMARY KEY (import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS changed_month (
  id BIGINT NOT NULL,
  month DATE NOT NULL,
  cause VARCHAR(20) NOT NULL COMMENT 'import, undo, demo, archive or unarchive',
  import_id INTEGER,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS archived_month (
  month DATE NOT NULL,
  file VARCHAR(1000) NOT NULL COMMENT 'the Parquet file that holds its facts',
  sha256 VARCHAR(64) NOT NULL,
  bytes BIGINT NOT NULL,
  facts BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL COMMENT 'sum of its facts, all metrics',
  replaced_facts BIGINT NOT NULL COMMENT 'of financials_replaced, in the same file',
  last_fact_id BIGINT NOT NULL,
  archived_at DATETIME(6) NOT NULL,
  sums LONGBLOB NOT NULL COMMENT 'what stands for its facts in a refresh: rows of archived_sum, as a Parquet file',
  PRIMARY KEY (month)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS archived_sum (
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL COMMENT ''''' for none',
  marketplace VARCHAR(10) NOT NULL COMMENT ''''' for none',
  asin_id INTEGER NOT NULL COMMENT '0 for none',
  facts BIGINT NOT NULL,
  valued BIGINT NOT NULL COMMENT 'those with a value',
  value NUMERIC(25, 2) COMMENT 'none if no fact has a value',
  last_fact_id BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL COMMENT ''''' for the reporting currency',
  derived SMALLINT NOT NULL COMMENT '1 if they follow from lines',
  PRIMARY KEY (month, metric, marketplace, asin_id, currency, derived)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_line (
  import_id INTEGER NOT NULL,
  line INTEGER NOT NULL COMMENT 'of the file, from 1',
  part SMALLINT NOT NULL COMMENT 'which amount of the line, from 1',
  report VARCHAR(30) NOT NULL COMMENT 'the format, such as amazon-settlement',
  identity VARCHAR(150) NOT NULL COMMENT 'lines of one identity replace each other',
  version BIGINT NOT NULL COMMENT 'of the identity''s state; the highest counts',
  counts BOOL NOT NULL COMMENT 'false: another import tells of the same, later',
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL COMMENT 'by the marketplace''s own clock',
  day DATE NOT NULL COMMENT 'by the marketplace''s own clock',
  happened VARCHAR(40) NOT NULL COMMENT 'the moment as it is written',
  order_id VARCHAR(64),
  sku VARCHAR(100),
  asin VARCHAR(64) COMMENT 'where the report names it; else the SKU leads to it',
  kind_id INTEGER NOT NULL,
  quantity BIGINT,
  amount NUMERIC(21, 6) NOT NULL COMMENT 'with Amazon''s sign',
  currency VARCHAR(3),
  PRIMARY KEY (import_id, line, part)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_amazon_line_identity ON amazon_line (identity, report);
CREATE INDEX IF NOT EXISTS ix_amazon_line_month ON amazon_line (marketplace, month, report);

CREATE TABLE IF NOT EXISTS amazon_kind (
  id INTEGER NOT NULL,
  report VARCHAR(30) NOT NULL,
  transaction_type VARCHAR(120) NOT NULL,
  amount_type VARCHAR(120) NOT NULL,
  description VARCHAR(255) NOT NULL,
  place VARCHAR(100) NOT NULL COMMENT 'a metric, or tax, cash or nothing',
  PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_posting (
  kind_id INTEGER NOT NULL,
  metric VARCHAR(100) NOT NULL,
  sign SMALLINT NOT NULL COMMENT '1, or -1: what the figure is multiplied with',
  of_quantity BOOL NOT NULL COMMENT 'of the line''s quantity, not of its amount',
  tax_in_price BOOL NOT NULL COMMENT 'only where prices include tax',
  lump VARCHAR(20) NOT NULL COMMENT 'what another report tells by product; or ''''',
  PRIMARY KEY (kind_id, metric)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_told (
  kind_id INTEGER NOT NULL,
  import_id INTEGER NOT NULL COMMENT 'under which it can be undone',
  place VARCHAR(100) NOT NULL,
  PRIMARY KEY (kind_id, import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_word (
  report VARCHAR(30) NOT NULL,
  about VARCHAR(10) NOT NULL COMMENT 'status or column',
  word VARCHAR(120) NOT NULL,
  import_id INTEGER NOT NULL COMMENT 'with which it is undone',
  meaning VARCHAR(120) NOT NULL,
  PRIMARY KEY (report, about, word, import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_setting (
  name VARCHAR(40) NOT NULL,
  value VARCHAR(40) NOT NULL,
  PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_one_to_one (
  import_id INTEGER NOT NULL,
  currency VARCHAR(3) NOT NULL,
  PRIMARY KEY (import_id, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS amazon_settlement (
  settlement_id VARCHAR(40) NOT NULL,
  import_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL COMMENT 'of most of its lines',
  currency VARCHAR(3) NOT NULL,
  starts_at DATETIME(6) NOT NULL,
  ends_at DATETIME(6) NOT NULL,
  deposited_at DATETIME(6) NOT NULL,
  total NUMERIC(25, 2) NOT NULL COMMENT 'what was paid out: the sum of its lines',
  line_count BIGINT NOT NULL,
  PRIMARY KEY (settlement_id, import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS sku_asin (
  sku VARCHAR(100) NOT NULL,
  marketplace VARCHAR(10) NOT NULL COMMENT ''''' for all',
  import_id INTEGER NOT NULL COMMENT '0: a person said so',
  asin VARCHAR(64) NOT NULL,
  learned_at DATETIME(6) NOT NULL,
  PRIMARY KEY (sku, marketplace, import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS told_name (
  asin VARCHAR(64) NOT NULL,
  import_id INTEGER NOT NULL,
  report VARCHAR(30) NOT NULL,
  name VARCHAR(255) NOT NULL,
  PRIMARY KEY (asin, import_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS unit_cost (
  import_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  asin VARCHAR(64),
  sku VARCHAR(100) COMMENT 'where no ASIN is named',
  marketplace VARCHAR(10) NOT NULL COMMENT ''''' for all',
  valid_from DATE NOT NULL COMMENT 'a month',
  cost NUMERIC(19, 4) NOT NULL,
  currency VARCHAR(3),
  PRIMARY KEY (import_id, line)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS overhead (
  import_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  name VARCHAR(200) NOT NULL,
  brand_id INTEGER NOT NULL COMMENT '0: nobody''s',
  marketplace VARCHAR(10) NOT NULL COMMENT 'NONE: of none',
  first_month DATE NOT NULL,
  last_month DATE NOT NULL,
  amount NUMERIC(15, 2) NOT NULL COMMENT 'per month; 0 takes back what was told before',
  currency VARCHAR(3) COMMENT 'none: the reporting currency',
  PRIMARY KEY (import_id, line)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS derived_fact (
  asin VARCHAR(110) NOT NULL,
  asin_id INTEGER,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  value NUMERIC(15, 2) NOT NULL,
  currency VARCHAR(3)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_derived_fact_asin ON derived_fact (asin);
CREATE INDEX IF NOT EXISTS ix_derived_fact_cell ON derived_fact (asin_id, month, metric, marketplace);

CREATE TABLE IF NOT EXISTS import_sum (
  month DATE NOT NULL,
  import_id INTEGER NOT NULL COMMENT '0, -1, -2: see DERIVED and NO_IMPORT',
  metric VARCHAR(100) NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  brand_id INTEGER NOT NULL COMMENT 'of the product, 0 for none',
  category_id INTEGER NOT NULL COMMENT 'the product''s own, 0 for none',
  currency VARCHAR(3) NOT NULL COMMENT ''''' for the reporting currency',
  step BIGINT NOT NULL COMMENT 'which change of facts told it',
  facts BIGINT NOT NULL COMMENT 'with a value; below 0 where they were taken out',
  value NUMERIC(25, 2) NOT NULL,
  PRIMARY KEY (month, import_id, metric, marketplace, brand_id, category_id, currency, step)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS import_sum_state (
  about VARCHAR(10) NOT NULL COMMENT 'a month (2024-01), or earlier, or catalogue',
  is_stale BOOL NOT NULL,
  PRIMARY KEY (about)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS financials_summary_monthly_asin_marketplace (
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
CREATE INDEX IF NOT EXISTS ix_asin_brand ON financials_summary_monthly_asin_marketplace (brand_id, marketplace, month, metric);
CREATE INDEX IF NOT EXISTS ix_asin_category ON financials_summary_monthly_asin_marketplace (category_id, marketplace, month, metric);
CREATE INDEX IF NOT EXISTS ix_asin_product ON financials_summary_monthly_asin_marketplace (asin_id, metric, month, marketplace, value, brand_id, category_id);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_brand (
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
CREATE INDEX IF NOT EXISTS ix_brand_brand ON financials_summary_monthly_brand (brand_id, metric, month);
CREATE INDEX IF NOT EXISTS ix_brand_category ON financials_summary_monthly_brand (category_id, metric, month);
CREATE INDEX IF NOT EXISTS ix_brand_marketplace ON financials_summary_monthly_brand (marketplace);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_category (
  category_id INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  total_value NUMERIC(25, 2) NOT NULL,
  brand_count INTEGER NOT NULL,
  asin_count INTEGER NOT NULL,
  updated_at DATETIME(6),
  PRIMARY KEY (month, metric, category_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_category_category ON financials_summary_monthly_category (category_id, metric, month);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_marketplace (
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

CREATE TABLE IF NOT EXISTS financials_summary_monthly_import (
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

CREATE TABLE IF NOT EXISTS summary_generation (
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

CREATE TABLE IF NOT EXISTS summary_month (
  generation INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  facts BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL,
  last_fact_id BIGINT NOT NULL,
  left_out_facts BIGINT NOT NULL,
  left_out_value NUMERIC(25, 2) NOT NULL,
  PRIMARY KEY (generation, month, metric)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_left_out (
  generation INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  reason VARCHAR(50) NOT NULL,
  facts BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL,
  PRIMARY KEY (generation, month, metric, reason)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_rate (
  generation INTEGER NOT NULL,
  month DATE NOT NULL,
  currency VARCHAR(3) NOT NULL,
  base VARCHAR(3) NOT NULL COMMENT 'the reporting currency',
  rate NUMERIC(20, 10) COMMENT 'what one unit is in it; none if nobody told',
  PRIMARY KEY (generation, month, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_restated (
  generation INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  brand_id INTEGER NOT NULL COMMENT '-1 for all brands together',
  old_value NUMERIC(25, 2) NOT NULL,
  new_value NUMERIC(25, 2) NOT NULL,
  published_at DATETIME(6) NOT NULL,
  cause VARCHAR(255) NOT NULL,
  PRIMARY KEY (generation, month, metric, brand_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_placement (
  placement INTEGER NOT NULL,
  asin_id INTEGER NOT NULL,
  brand_id INTEGER NOT NULL,
  category_id INTEGER NOT NULL,
  PRIMARY KEY (placement, asin_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_amount (
  generation INTEGER NOT NULL,
  report VARCHAR(30) NOT NULL,
  settlement_id VARCHAR(40) NOT NULL COMMENT ''''' for lines of other reports',
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  kind_id INTEGER NOT NULL,
  currency VARCHAR(3) NOT NULL COMMENT ''''' for none',
  line_count BIGINT NOT NULL,
  amount NUMERIC(25, 2) NOT NULL COMMENT 'with Amazon''s sign',
  PRIMARY KEY (generation, report, settlement_id, marketplace, month, kind_id, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_kind (
  generation INTEGER NOT NULL,
  kind_id INTEGER NOT NULL,
  report VARCHAR(30) NOT NULL,
  transaction_type VARCHAR(120) NOT NULL,
  amount_type VARCHAR(120) NOT NULL,
  description VARCHAR(255) NOT NULL,
  place VARCHAR(100) NOT NULL COMMENT 'a metric, or tax, cash or nothing',
  is_told BOOL NOT NULL COMMENT 'a person said so',
  PRIMARY KEY (generation, kind_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_settlement (
  generation INTEGER NOT NULL,
  settlement_id VARCHAR(40) NOT NULL,
  import_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  starts_at DATETIME(6) NOT NULL,
  ends_at DATETIME(6) NOT NULL,
  deposited_at DATETIME(6) NOT NULL,
  total NUMERIC(25, 2) NOT NULL COMMENT 'what was paid out',
  pnl NUMERIC(25, 2) NOT NULL,
  tax NUMERIC(25, 2) NOT NULL,
  cash NUMERIC(25, 2) NOT NULL,
  unsorted NUMERIC(25, 2) NOT NULL,
  line_count BIGINT NOT NULL,
  PRIMARY KEY (generation, settlement_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_report (
  generation INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  report VARCHAR(30) NOT NULL,
  metric VARCHAR(100) NOT NULL,
  currency VARCHAR(3) NOT NULL COMMENT ''''' for none',
  counts BOOL NOT NULL COMMENT 'false: set aside, another report gives the metric there',
  line_count BIGINT NOT NULL,
  value NUMERIC(25, 2) NOT NULL,
  PRIMARY KEY (generation, marketplace, month, report, metric, currency)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_unknown_sku (
  generation INTEGER NOT NULL,
  sku VARCHAR(100) NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  line_count BIGINT NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  PRIMARY KEY (generation, sku, marketplace)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_bridge (
  generation INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  ordered NUMERIC(25, 2) NOT NULL,
  cancelled NUMERIC(25, 2) NOT NULL,
  not_yet_paid NUMERIC(25, 2) NOT NULL,
  tax NUMERIC(25, 2) NOT NULL,
  earlier NUMERIC(25, 2) NOT NULL,
  unknown NUMERIC(25, 2) NOT NULL,
  refunds NUMERIC(25, 2) NOT NULL,
  promotions NUMERIC(25, 2) NOT NULL,
  unexplained NUMERIC(25, 2) NOT NULL,
  paid NUMERIC(25, 2) NOT NULL,
  PRIMARY KEY (generation, marketplace, month)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_uncosted (
  generation INTEGER NOT NULL,
  asin_id INTEGER NOT NULL,
  brand_id INTEGER NOT NULL,
  category_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL,
  month DATE NOT NULL,
  revenue NUMERIC(25, 2) NOT NULL COMMENT 'net revenue there',
  PRIMARY KEY (generation, month, marketplace, asin_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_unit_cost (
  generation INTEGER NOT NULL,
  asin_id INTEGER NOT NULL,
  marketplace VARCHAR(10) NOT NULL COMMENT ''''' for all',
  valid_from DATE NOT NULL COMMENT 'a month',
  cost NUMERIC(19, 4) NOT NULL,
  currency VARCHAR(3) NOT NULL COMMENT ''''' for that of the marketplace',
  import_id INTEGER NOT NULL,
  PRIMARY KEY (generation, asin_id, marketplace, valid_from)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_overhead (
  generation INTEGER NOT NULL,
  import_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  name VARCHAR(200) NOT NULL,
  brand_id INTEGER NOT NULL COMMENT '0: nobody''s',
  marketplace VARCHAR(10) NOT NULL COMMENT 'NONE: of none',
  first_month DATE NOT NULL,
  last_month DATE NOT NULL,
  amount NUMERIC(15, 2) NOT NULL COMMENT 'per month; 0 takes back what was told before',
  currency VARCHAR(3) COMMENT 'none: the reporting currency',
  PRIMARY KEY (generation, import_id, line)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_sku (
  generation INTEGER NOT NULL,
  sku VARCHAR(100) NOT NULL,
  marketplace VARCHAR(10) NOT NULL COMMENT ''''' for all',
  asin_id INTEGER NOT NULL,
  PRIMARY KEY (generation, sku, marketplace)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS summary_day (
  generation INTEGER NOT NULL,
  month DATE NOT NULL,
  day DATE NOT NULL COMMENT 'by the marketplace''s own clock',
  marketplace VARCHAR(10) NOT NULL,
  brand_id INTEGER NOT NULL,
  category_id INTEGER NOT NULL,
  net_revenue NUMERIC(25, 2) COMMENT 'what the day added to the month''s figure, converted as that is',
  net_units NUMERIC(25, 2),
  PRIMARY KEY (generation, brand_id, category_id, marketplace, day)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_summary_day_month ON summary_day (generation, month, marketplace, day);

CREATE TABLE IF NOT EXISTS refresh_log (
  id BIGINT NOT NULL AUTO_INCREMENT,
  run_id VARCHAR(36) NOT NULL,
  stage VARCHAR(50) NOT NULL,
  table_name VARCHAR(100),
  refresh_type VARCHAR(20) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  ended_at DATETIME(6),
  duration_seconds NUMERIC(12, 3),
  status VARCHAR(20) NOT NULL,
  rows_read BIGINT,
  rows_written BIGINT,
  months MEDIUMTEXT,
  generation INTEGER,
  error_message MEDIUMTEXT,
  host VARCHAR(255),
  pid INTEGER,
  PRIMARY KEY (id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_refresh_log_run_id ON refresh_log (run_id);
CREATE INDEX IF NOT EXISTS ix_refresh_log_started_at ON refresh_log (started_at);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_asin_marketplace_previous (
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
CREATE INDEX IF NOT EXISTS ix_asin_brand ON financials_summary_monthly_asin_marketplace_previous (brand_id, marketplace, month, metric);
CREATE INDEX IF NOT EXISTS ix_asin_category ON financials_summary_monthly_asin_marketplace_previous (category_id, marketplace, month, metric);
CREATE INDEX IF NOT EXISTS ix_asin_product ON financials_summary_monthly_asin_marketplace_previous (asin_id, metric, month, marketplace, value, brand_id, category_id);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_brand_previous (
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
CREATE INDEX IF NOT EXISTS ix_brand_brand ON financials_summary_monthly_brand_previous (brand_id, metric, month);
CREATE INDEX IF NOT EXISTS ix_brand_category ON financials_summary_monthly_brand_previous (category_id, metric, month);
CREATE INDEX IF NOT EXISTS ix_brand_marketplace ON financials_summary_monthly_brand_previous (marketplace);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_category_previous (
  category_id INTEGER NOT NULL,
  month DATE NOT NULL,
  metric VARCHAR(100) NOT NULL,
  total_value NUMERIC(25, 2) NOT NULL,
  brand_count INTEGER NOT NULL,
  asin_count INTEGER NOT NULL,
  updated_at DATETIME(6),
  PRIMARY KEY (month, metric, category_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS ix_category_category ON financials_summary_monthly_category_previous (category_id, metric, month);

CREATE TABLE IF NOT EXISTS financials_summary_monthly_marketplace_previous (
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

CREATE TABLE IF NOT EXISTS financials_summary_monthly_import_previous (
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
