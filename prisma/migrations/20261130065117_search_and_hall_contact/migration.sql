-- Searching and ordering the Vietnamese way, and whom to write to in a hall without an account.

-- The order of the Vietnamese alphabet (An, Ân, Đặng, Hoàng, Vũ), composed or not. ICU's collation is part of
-- PostgreSQL's own build here and in Debian. It is deterministic: equality stays byte by byte.
ALTER TABLE "user" ALTER COLUMN "name" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "unit" ALTER COLUMN "name" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "hall" ALTER COLUMN "name" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "meeting" ALTER COLUMN "title" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "invitation" ALTER COLUMN "name" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "meeting_endpoint" ALTER COLUMN "hallName" TYPE TEXT COLLATE "vi-x-icu";
ALTER TABLE "meeting_endpoint" ALTER COLUMN "unitName" TYPE TEXT COLLATE "vi-x-icu";

-- What is searched is kept folded: no accents, small letters, đ as d, nothing invisible. Queries are folded by this same
-- function, so that both sides always agree (web/server/search.ts); core/src/text/fold.ts does the same in the browser.
CREATE FUNCTION fold_text(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(
    translate(
      lower(
        regexp_replace(
          normalize(value, NFKD),
          '[\u00ad\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]',
          '', 'g'
        ) COLLATE "vi-x-icu"
      ),
      'đðɖ', 'ddd'
    ),
    '\s+', ' ', 'g'
  ))
$$;

CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE "user" ADD COLUMN "search" TEXT NOT NULL DEFAULT '';
ALTER TABLE "unit" ADD COLUMN "search" TEXT NOT NULL DEFAULT '';
ALTER TABLE "hall" ADD COLUMN "search" TEXT NOT NULL DEFAULT '';
ALTER TABLE "meeting" ADD COLUMN "search" TEXT NOT NULL DEFAULT '';
ALTER TABLE "mail" ADD COLUMN "search" TEXT NOT NULL DEFAULT '';

-- Triggers and no generated columns: Prisma knows no generated columns and would take them for drift.
CREATE FUNCTION fold_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."search" := fold_text(concat_ws(' ', NEW."name", NEW."email", NEW."title"));
  RETURN NEW;
END;
$$;
CREATE FUNCTION fold_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."search" := fold_text(NEW."name");
  RETURN NEW;
END;
$$;
CREATE FUNCTION fold_hall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."search" := fold_text(concat_ws(' ', NEW."name", NEW."address"));
  RETURN NEW;
END;
$$;
CREATE FUNCTION fold_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."search" := fold_text(concat_ws(' ', NEW."title", NEW."code"));
  RETURN NEW;
END;
$$;
CREATE FUNCTION fold_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."search" := fold_text(concat_ws(' ', NEW."subject", NEW."toName", NEW."toAddress"));
  RETURN NEW;
END;
$$;
CREATE TRIGGER user_fold BEFORE INSERT OR UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION fold_user();
CREATE TRIGGER unit_fold BEFORE INSERT OR UPDATE ON "unit" FOR EACH ROW EXECUTE FUNCTION fold_unit();
CREATE TRIGGER hall_fold BEFORE INSERT OR UPDATE ON "hall" FOR EACH ROW EXECUTE FUNCTION fold_hall();
CREATE TRIGGER meeting_fold BEFORE INSERT OR UPDATE ON "meeting" FOR EACH ROW EXECUTE FUNCTION fold_meeting();
CREATE TRIGGER mail_fold BEFORE INSERT OR UPDATE ON "mail" FOR EACH ROW EXECUTE FUNCTION fold_mail();
-- Each row passes its trigger once.
UPDATE "user" SET "search" = '';
UPDATE "unit" SET "search" = '';
UPDATE "hall" SET "search" = '';
UPDATE "meeting" SET "search" = '';
UPDATE "mail" SET "search" = '';

CREATE INDEX "user_search_idx" ON "user" USING GIN ("search" gin_trgm_ops);
CREATE INDEX "meeting_search_idx" ON "meeting" USING GIN ("search" gin_trgm_ops);
CREATE INDEX "mail_search_idx" ON "mail" USING GIN ("search" gin_trgm_ops);

-- Who answers for a hall that has no account.
ALTER TABLE "hall" ADD COLUMN "contactName" TEXT NOT NULL DEFAULT '';
ALTER TABLE "hall" ADD COLUMN "contactEmail" TEXT NOT NULL DEFAULT '';
ALTER TABLE "hall" ADD COLUMN "contactPhone" TEXT NOT NULL DEFAULT '';

-- Whether an invitation was sent is asked of its newest mail.
CREATE INDEX "mail_invitationId_createdAt_idx" ON "mail"("invitationId", "createdAt");
