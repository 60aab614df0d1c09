-- The demo shop's tables, as an ordinary shop would have them. MySQL 8.4 and MariaDB 11.4.
-- Every DATETIME is UTC. Amounts are in the row's own currency. Prices are with or without tax as
-- `orders.prices_include_tax` says; `tax_amount` is always the tax itself, after all discounts.

CREATE TABLE IF NOT EXISTS customers (
  id                BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email             VARCHAR(255)    NULL,
  first_name        VARCHAR(100)    NULL,
  last_name         VARCHAR(100)    NULL,
  phone             VARCHAR(40)     NULL,
  locale            VARCHAR(10)     NOT NULL DEFAULT 'en-GB',
  country_code      CHAR(2)         NULL,
  accepts_marketing TINYINT(1)      NOT NULL DEFAULT 0,
  is_test           TINYINT(1)      NOT NULL DEFAULT 0 COMMENT 'staff and test accounts',
  created_at        DATETIME(6)     NOT NULL,
  updated_at        DATETIME(6)     NOT NULL,
  KEY customers_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS addresses (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id  BIGINT UNSIGNED NULL COMMENT 'null for a guest',
  kind         ENUM('shipping','billing') NOT NULL,
  name         VARCHAR(200)    NOT NULL,
  line1        VARCHAR(200)    NOT NULL,
  line2        VARCHAR(200)    NULL,
  postal_code  VARCHAR(20)     NULL,
  city         VARCHAR(100)    NOT NULL,
  region       VARCHAR(100)    NULL,
  country_code CHAR(2)         NOT NULL,
  created_at   DATETIME(6)     NOT NULL,
  updated_at   DATETIME(6)     NOT NULL,
  KEY addresses_updated_at (updated_at),
  KEY addresses_customer (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS categories (
  id         INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id  INT UNSIGNED NULL,
  name       VARCHAR(150) NOT NULL,
  slug       VARCHAR(150) NOT NULL,
  created_at DATETIME(6)  NOT NULL,
  updated_at DATETIME(6)  NOT NULL,
  KEY categories_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS products (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku         VARCHAR(64)     NOT NULL,
  name        VARCHAR(255)    NOT NULL,
  brand       VARCHAR(120)    NULL,
  category_id INT UNSIGNED    NULL,
  price       DECIMAL(12,2)   NOT NULL COMMENT 'list price in the shop currency',
  currency    CHAR(3)         NOT NULL,
  attributes  JSON            NULL,
  is_active   TINYINT(1)      NOT NULL DEFAULT 1,
  created_at  DATETIME(6)     NOT NULL,
  updated_at  DATETIME(6)     NOT NULL,
  KEY products_updated_at (updated_at),
  UNIQUE KEY products_sku (sku)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS product_costs (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  product_id BIGINT UNSIGNED NOT NULL,
  unit_cost  DECIMAL(14,4)   NOT NULL,
  currency   CHAR(3)         NOT NULL,
  valid_from DATETIME(6)     NOT NULL,
  valid_to   DATETIME(6)     NULL COMMENT 'exclusive; null while it is the current cost',
  updated_at DATETIME(6)     NOT NULL,
  KEY product_costs_updated_at (updated_at),
  KEY product_costs_product (product_id, valid_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS inventory_levels (
  product_id BIGINT UNSIGNED NOT NULL,
  location   VARCHAR(40)     NOT NULL,
  on_hand    INT             NOT NULL COMMENT 'may go below zero when oversold',
  reserved   INT UNSIGNED    NOT NULL DEFAULT 0,
  updated_at DATETIME(6)     NOT NULL,
  PRIMARY KEY (product_id, location),
  KEY inventory_levels_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS coupons (
  id          INT UNSIGNED  NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code        VARCHAR(64)   NOT NULL,
  kind        ENUM('percent','fixed') NOT NULL,
  value       DECIMAL(12,2) NOT NULL,
  currency    CHAR(3)       NULL COMMENT 'null for percent',
  usage_limit INT UNSIGNED  NULL,
  valid_from  DATETIME(6)   NULL,
  valid_to    DATETIME(6)   NULL,
  created_at  DATETIME(6)   NOT NULL,
  updated_at  DATETIME(6)   NOT NULL,
  KEY coupons_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS orders (
  id                  BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_number        VARCHAR(32)     NOT NULL,
  customer_id         BIGINT UNSIGNED NULL COMMENT 'null for a guest',
  email               VARCHAR(255)    NULL COMMENT 'as typed at checkout',
  status              ENUM('placed','paid','shipped','delivered','cancelled','failed') NOT NULL,
  sales_channel       VARCHAR(32)     NOT NULL DEFAULT 'web',
  currency            CHAR(3)         NOT NULL,
  prices_include_tax  TINYINT(1)      NOT NULL DEFAULT 1,
  discount_amount     DECIMAL(12,2)   NOT NULL DEFAULT 0 COMMENT 'order-level only; lines have their own',
  shipping_amount     DECIMAL(12,2)   NOT NULL DEFAULT 0 COMMENT 'charged for shipping, without tax',
  shipping_tax_amount DECIMAL(12,2)   NOT NULL DEFAULT 0,
  tax_amount          DECIMAL(12,2)   NOT NULL DEFAULT 0 COMMENT 'lines and shipping together',
  total_amount        DECIMAL(12,2)   NOT NULL COMMENT 'what the customer pays, tax included',
  coupon_id           INT UNSIGNED    NULL,
  is_test             TINYINT(1)      NOT NULL DEFAULT 0,
  shipping_address_id BIGINT UNSIGNED NULL,
  billing_address_id  BIGINT UNSIGNED NULL,
  metadata            JSON            NULL,
  placed_at           DATETIME(6)     NOT NULL,
  paid_at             DATETIME(6)     NULL,
  cancelled_at        DATETIME(6)     NULL,
  created_at          DATETIME(6)     NOT NULL,
  updated_at          DATETIME(6)     NOT NULL,
  KEY orders_updated_at (updated_at),
  KEY orders_customer (customer_id),
  UNIQUE KEY orders_number (order_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS order_items (
  id              BIGINT UNSIGNED   NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id        BIGINT UNSIGNED   NOT NULL,
  line_number     SMALLINT UNSIGNED NOT NULL,
  product_id      BIGINT UNSIGNED   NOT NULL,
  sku             VARCHAR(64)       NOT NULL,
  product_name    VARCHAR(255)      NOT NULL COMMENT 'as shown when sold',
  quantity        INT UNSIGNED      NOT NULL,
  unit_price      DECIMAL(12,2)     NOT NULL,
  discount_amount DECIMAL(12,2)     NOT NULL DEFAULT 0 COMMENT 'of this line, without its share of the order discount',
  tax_rate        DECIMAL(6,4)      NOT NULL DEFAULT 0,
  tax_amount      DECIMAL(12,2)     NOT NULL DEFAULT 0 COMMENT 'after every discount, order-level share included',
  created_at      DATETIME(6)       NOT NULL,
  updated_at      DATETIME(6)       NOT NULL,
  KEY order_items_updated_at (updated_at),
  UNIQUE KEY order_items_line (order_id, line_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS payments (
  id                 BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id           BIGINT UNSIGNED NOT NULL,
  method             ENUM('card','paypal','invoice','gift_card','bank_transfer','cash') NOT NULL,
  status             ENUM('pending','authorized','captured','failed','chargeback') NOT NULL,
  amount             DECIMAL(12,2)   NOT NULL,
  fee_amount         DECIMAL(12,2)   NOT NULL DEFAULT 0,
  currency           CHAR(3)         NOT NULL,
  provider_reference VARCHAR(100)    NULL,
  processed_at       DATETIME(6)     NULL,
  created_at         DATETIME(6)     NOT NULL,
  updated_at         DATETIME(6)     NOT NULL,
  KEY payments_updated_at (updated_at),
  KEY payments_order (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS refunds (
  id                  BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id            BIGINT UNSIGNED NOT NULL,
  reason              ENUM('damaged','wrong_item','not_as_described','no_longer_wanted','late','other') NOT NULL,
  shipping_amount     DECIMAL(12,2)   NOT NULL DEFAULT 0 COMMENT 'shipping given back, without tax',
  shipping_tax_amount DECIMAL(12,2)   NOT NULL DEFAULT 0,
  total_amount        DECIMAL(12,2)   NOT NULL COMMENT 'lines and shipping, tax included',
  currency            CHAR(3)         NOT NULL COMMENT 'the currency of the order',
  refunded_at         DATETIME(6)     NOT NULL,
  created_at          DATETIME(6)     NOT NULL,
  updated_at          DATETIME(6)     NOT NULL,
  KEY refunds_updated_at (updated_at),
  KEY refunds_order (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS refund_items (
  id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  refund_id     BIGINT UNSIGNED NOT NULL,
  order_item_id BIGINT UNSIGNED NOT NULL,
  quantity      INT UNSIGNED    NOT NULL,
  amount        DECIMAL(12,2)   NOT NULL COMMENT 'without tax',
  tax_amount    DECIMAL(12,2)   NOT NULL DEFAULT 0,
  restocked     TINYINT(1)      NOT NULL DEFAULT 0,
  created_at    DATETIME(6)     NOT NULL,
  updated_at    DATETIME(6)     NOT NULL,
  KEY refund_items_updated_at (updated_at),
  KEY refund_items_refund (refund_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS shipments (
  id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id        BIGINT UNSIGNED NOT NULL,
  carrier         VARCHAR(60)     NOT NULL,
  tracking_number VARCHAR(80)     NULL,
  status          ENUM('pending','in_transit','delivered','returned','lost') NOT NULL,
  cost_amount     DECIMAL(12,2)   NOT NULL DEFAULT 0 COMMENT 'what the shop pays the carrier',
  currency        CHAR(3)         NOT NULL,
  shipped_at      DATETIME(6)     NULL,
  delivered_at    DATETIME(6)     NULL,
  created_at      DATETIME(6)     NOT NULL,
  updated_at      DATETIME(6)     NOT NULL,
  KEY shipments_updated_at (updated_at),
  KEY shipments_order (order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS exchange_rates (
  rate_date      DATE           NOT NULL,
  base_currency  CHAR(3)        NOT NULL,
  quote_currency CHAR(3)        NOT NULL,
  rate           DECIMAL(18,8)  NOT NULL COMMENT 'one unit of base in quote',
  updated_at     DATETIME(6)    NOT NULL,
  PRIMARY KEY (rate_date, base_currency, quote_currency),
  KEY exchange_rates_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE IF NOT EXISTS marketing_spend (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  spend_date  DATE            NOT NULL,
  channel     VARCHAR(40)     NOT NULL,
  campaign    VARCHAR(120)    NOT NULL,
  amount      DECIMAL(12,2)   NOT NULL,
  currency    CHAR(3)         NOT NULL,
  impressions BIGINT UNSIGNED NOT NULL DEFAULT 0,
  clicks      BIGINT UNSIGNED NOT NULL DEFAULT 0,
  created_at  DATETIME(6)     NOT NULL,
  updated_at  DATETIME(6)     NOT NULL,
  KEY marketing_spend_updated_at (updated_at),
  UNIQUE KEY marketing_spend_day (spend_date, channel, campaign)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
