"""Customers found by the words of their names in any spelling and order, and by the last digits of their phone numbers

The indexes are on functions, so whatever writes a customer fills them, also the release before, and old rows have them.
The bodies are bound when the functions are made (RETURN), because Postgres builds indexes without a search path.

Revision: 0008, after 0007.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, nuktas of Indian scripts, invisible characters.
# Vowel signs of Indian scripts are no accents: they stay.
DROPPED = (
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652\u0670"
    r"\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
APOSTROPHES = "''\u2019\u2018`\u02bc"
BETWEEN_WORDS = '-\u2010\u2011\u2013\u2014.,/()"_&:;|*!?\\'

# A text as it is compared: without case and accents. A lexeme may have 2046 bytes.
FOLDED = f"""
    CREATE FUNCTION search_folded(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN octet_length(value) = length(value) THEN lower(value COLLATE pg_c_utf8)
           ELSE translate(replace(replace(replace(
                    lower(regexp_replace(normalize(value, NFKD), '{DROPPED}', '', 'g') COLLATE pg_c_utf8),
                    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'ıøđłς', 'iodlσ') END
"""

# Its cost is put high: where most names are rare, Postgres takes any beginning for that of one name in fifty, and would
# read customers from the first on until it has seen a page of matches, which there may not be.
WORDS = f"""
    CREATE FUNCTION search_words(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN array_remove(string_to_array(
        translate(translate(left(search_folded(value), 500), '{APOSTROPHES}', ''),
                  '{BETWEEN_WORDS}', '{" " * len(BETWEEN_WORDS)}'), ' '), '')
"""

# Each word that was typed begins some word of the name. NULL if there is none.
QUERY = """
    CREATE FUNCTION search_query(value text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT string_agg(format('''%s'':*', word), ' & ')::tsquery FROM unnest(search_words(value)) AS word)
"""


def upgrade() -> None:
    for statement in (FOLDED, WORDS, QUERY):
        op.get_bind().exec_driver_sql(statement)
    op.get_bind().exec_driver_sql(
        "CREATE INDEX customers_words_idx ON customers USING gin "
        "(array_to_tsvector(search_words((first_name || ' ') || last_name)))"
    )
    op.get_bind().exec_driver_sql("CREATE INDEX customers_phone_ending_idx ON customers (right(phone_number, 4))")


def downgrade() -> None:
    op.drop_index("customers_phone_ending_idx", "customers")
    op.drop_index("customers_words_idx", "customers")
    for function in ("search_query", "search_words", "search_folded"):
        op.get_bind().exec_driver_sql(f"DROP FUNCTION {function}(text)")
