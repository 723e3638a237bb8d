"""A file is read in the encoding it is in, and where that cannot be known the person is asked."""

import pytest

from database.imports.encoding_rules import makes_sense_in_japanese, makes_sense_in_western
from database.imports.staging import ImportOptions
from domain.errors import SetupError
from tests.database.imports.test_reading import LONG, facts, row

WESTERN = [
    "Café à vital", "Größe", "Müller & Söhne", "Straße", "Übergröße", "Mär-24", "März 2024", "Déc-23",
    "Février 2024", "août 2024", "Año", "España", "Çatal", "Crème brûlée", "naïve", "Œuvre", "cœur", "L’Oréal",
    "Nestlé", "Pokémon", "BLÅBÄR", "Håkan", "Smørrebrød", "København", "Ångström", "façade", "12 µm", "½ Liter",
    "20 °C", "5 € Gutschein", "£5.00", "“Big” Mug", "Mug – blue", "Acme™ Pro®", "São Paulo", "Não", "coração",
    "Señor", "niño", "È vero", "perché", "più", "Città", "Ó", "É", "À", "ÉTÉ", "HÉLÈNE", "GRÖSSE 42",
    "„Groß“ Tasse", "3 × 5 cm", "N° 5", "nº 12", "Ø 20 cm", "ø20", "¥500", "Île-de-France", "Noël", "Citroën",
    "Ürün", "garçon", "Käse", "Jalapeño", "Ça va", "Lætitia", "FRÜHSTÜCK", "Zubehör", "Küche", "Bücher",
    "Prix de vente (€)", "Umsätze", "Verkaufsgebühren", "Größenmaß", "weiß", "Fußmatte", "Šport", "Žena",
    "frigorífico", "Bébé", "LÉGO", "Rosé", "Zürich", "Plüsch"
]
JAPANESE = [
    "マグカップ 表示", "コーヒー", "ｺｰﾋｰ ﾏｸﾞ", "日本語", "商品売上", "注文番号", "日付/時間", "決済番号",
    "ブランド", "カテゴリー", "Amazonポイントの費用", "ＡＢＣ", "12個セット", "A4 紙", "LEDライト",
    "USBケーブル 1m", "東京", "株式会社アクメ", "ぬいぐるみ", "手数料", "合計", "数量", "説明", "その他",
    "FBA 手数料", "ｶﾃｺﾞﾘ", "ﾃﾞｻﾞｲﾝ", "ﾌﾞﾗﾝﾄﾞ", "青", "赤", "水筒 500ml", "【公式】アクメ マグ", "10℃", "髙島屋",
    "No.①", "第Ⅱ弾", "弁当箱", "犬用", "Tシャツ", "Xデー", "アクメ(株)", "靴下 3足", "純米酒", "餃子",
    "ＡＣＭＥ マグ　大", "価格", "通貨", "商品名"
]


def decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def senses(word: str, codec: str) -> tuple[bool, bool]:
    """Whether a word's bytes make sense as Windows-1252, and as Shift-JIS."""
    raw = word.encode(codec)
    western, japanese = decoded(raw, "cp1252"), decoded(raw, "cp932")
    return (
        western is not None and makes_sense_in_western(western),
        japanese is not None and makes_sense_in_japanese(japanese),
    )


def test_words_of_western_europe_make_sense_in_their_encoding_only():
    assert {word: senses(word, "cp1252") for word in WESTERN} == dict.fromkeys(WESTERN, (True, False))


def test_japanese_words_make_sense_in_their_encoding_only():
    assert {word: senses(word, "cp932") for word in JAPANESE} == dict.fromkeys(JAPANESE, (False, True))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("codec", "brand", "note"),
    [
        ("cp1252", "Café à vital", "encoding Windows-1252, for example 'Café à vital'"),
        ("cp932", "マグカップ 表示", "encoding Shift-JIS, for example 'マグカップ 表示'"),
        ("utf-16", "マグカップ Café", "encoding UTF-16"), ("utf-8-sig", "マグカップ Café", None), ("utf-8", "Ü", None),
    ],
)
def test_a_file_is_read_in_its_own_encoding(notes_of, codec, brand, note, end):
    content = (LONG + row(1).replace("Acme", brand)).replace("\n", end).encode(codec)
    assert notes_of(content) == ((note,) if note else ())


@pytest.mark.parametrize(
    ("codec", "heading"), [("cp1252", "Größe"), ("cp932", "ｶﾃｺﾞﾘ"), ("utf-16-le", "\ufeffx"), ("utf-16-be", "\ufeffx")]
)
def test_figures_are_the_same_in_every_encoding(staged_rows, codec, heading):
    content = LONG.replace("value", f"value,{heading}") if "\ufeff" not in heading else "\ufeff" + LONG
    more = ",1\n" if heading in content else "\n"
    assert staged_rows((content + row(1, more) + row(2, more)).encode(codec)) == facts(1, 2)


def test_a_hard_space_alone_is_the_same_in_both_and_asks_nothing(staged_rows):
    content = (LONG + row(1).replace(",1\n", ",1\u00a0\n")).encode("cp1252")
    assert staged_rows(content) == facts(1)


def test_a_name_that_could_be_either_is_asked_about_and_the_answer_works(refusal_of, staged_rows):
    content = (LONG + row(1).replace("Acme", "ÄÖÜ")).encode("cp1252")
    assert refusal_of(content) == [
        "file.csv: line 2: could be 'ÄÖÜ' in Windows-1252 or 'ﾄﾖﾜ' in Shift-JIS; give --encoding windows-1252 or "
        "--encoding shift-jis; nothing was imported"
    ]
    for encoding in ("windows-1252", "shift-jis", "CP1252", "sjis"):
        assert staged_rows(content, encoding=encoding) == facts(1)


def test_what_makes_no_sense_in_either_is_asked_about(refusal_of, staged_rows):
    content = (LONG + row(1).replace("Acme", "źdźbło ł")).encode("cp1250")
    assert refusal_of(content) == [
        "file.csv: line 2: byte 0x9F is not UTF-8, and not for certain Windows-1252 or Shift-JIS; give --encoding "
        "NAME; nothing was imported"
    ]
    assert staged_rows(content, encoding="windows-1250") == facts(1)


def test_a_name_that_settles_it_settles_it_for_the_file(notes_of):
    content = (LONG + row(1).replace("Acme", "ÄÖÜ") + row(2).replace("Acme", "Größe")).encode("cp1252")
    assert notes_of(content) == ("encoding Windows-1252, for example 'Größe'",)


def test_a_file_without_a_mark_is_utf_16_when_told(refusal_of, staged_rows):
    content = (LONG + row(1)).encode("utf-16-le")
    assert "give --encoding utf-16-le or --encoding utf-16-be" in refusal_of(content)[0]
    assert staged_rows(content, encoding="utf-16-le") == facts(1)


def test_a_byte_that_is_not_of_the_told_encoding_is_named_with_its_line(refusal_of):
    content = (LONG + row(1)).encode() + b"A2,Ac\x81 me,US,CM1,2024-01,1\n"
    assert refusal_of(content, encoding="shift-jis") == [
        "file.csv: line 3: byte 0x81 is not Shift-JIS; give the encoding that the file was saved in; "
        "nothing was imported"
    ]
    assert refusal_of(content, encoding="utf-8") == [
        "file.csv: line 3: byte 0x81 is not UTF-8; give the encoding that the file was saved in; nothing was imported"
    ]


def test_an_encoding_that_is_not_known_is_no_option():
    with pytest.raises(SetupError, match="^--encoding 'klingon': choose one of utf-8, utf-16"):
        ImportOptions(encoding="klingon")
    with pytest.raises(SetupError, match="^--encoding 'base64'"):
        ImportOptions(encoding="base64")
