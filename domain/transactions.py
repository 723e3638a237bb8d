"""Amazon's transaction reports (date range, monthly): their words in every language that is known, and what they mean.

Words are compared by `domain.spelling.name_key`, so case, doubled spaces and curly apostrophes do not matter.
"""

from __future__ import annotations

from domain.metrics import GROSS_SALES, REIMBURSEMENTS, UNSORTED
from domain.settlements import CASH, TAX, Amount
from domain.spelling import name_key


def word_key(text: str) -> str:
    """What a heading or a type is compared by."""
    return name_key(text).replace("’", "'").rstrip(" :")


HEADINGS = {
    "moment": ("date/time", "datum/uhrzeit", "date/heure", "data/ora", "fecha y hora", "fecha/hora", "datum/tijd",
               "日付/時間", "datum/tid", "data/godzina"),
    "settlement": ("settlement id", "abrechnungsnummer", "numéro de versement", "numero pagamento",
                   "identificador de pago", "id. de liquidación", "schikkings-id", "決済番号", "reglerings-id",
                   "identyfikator rozliczenia"),
    "type": ("type", "typ", "tipo", "トランザクションの種類"),
    "order_id": ("order id", "bestellnummer", "numéro de la commande", "numero ordine", "número de pedido",
                 "id. del pedido", "bestelnummer", "注文番号", "beställnings-id", "identyfikator zamówienia"),
    "sku": ("sku",),
    "description": ("description", "beschreibung", "descrizione", "descripción", "beschrijving", "説明", "beskrivning",
                    "opis"),
    "quantity": ("quantity", "menge", "quantité", "quantità", "cantidad", "aantal", "数量", "antal", "ilość"),
    "site": ("marketplace", "web de amazon", "site de vente", "marknadsplats", "rynek", "amazon 出品サービス",
             "amazon出品サービス"),
    "sales": ("product sales", "umsätze", "ventes de produits", "vendite", "ventas de productos",
              "verkoop van producten", "商品売上"),
    "sales_tax": ("product sales tax", "produktumsatzsteuer", "taxes sur la vente des produits",
                  "imposta sulle vendite dei prodotti", "impuesto de ventas de productos", "geïnde omzetbelasting",
                  "商品の売上税", "gst before adding tcs"),
    "shipping": ("shipping credits", "postage credits", "gutschrift für versandkosten", "crédits d'expédition",
                 "accrediti per le spedizioni", "abonos de envío", "créditos de envío", "verzendtegoeden", "配送料"),
    "shipping_tax": ("shipping credits tax", "postage credits tax", "steuer auf versandgutschrift",
                     "taxe sur les crédits d'expédition", "imposta accrediti per le spedizioni",
                     "impuestos por abonos de envío", "impuesto de abono de envío", "配送料の税金"),
    "gift": ("gift wrap credits", "giftwrap credits", "gutschrift für geschenkverpackung",
             "crédits sur l'emballage cadeau", "accrediti per confezioni regalo", "abonos de envoltorio para regalo",
             "créditos por envoltorio de regalo", "kredietpunten cadeauverpakking", "ギフト包装手数料"),
    "gift_tax": ("giftwrap credits tax", "gift wrap credits tax", "steuer auf geschenkverpackungsgutschriften",
                 "taxes sur les crédits cadeaux", "imposta sui crediti confezione regalo",
                 "impuesto de créditos de envoltura", "ギフト包装クレジットの税金"),
    "promotion": ("promotional rebates", "rabatte aus werbeaktionen", "rabais promotionnels", "sconti promozionali",
                  "devoluciones promocionales", "descuentos promocionales", "promotiekortingen",
                  "プロモーション割引額"),
    "promotion_tax": ("promotional rebates tax", "steuer auf aktionsrabatte", "taxes sur les remises promotionnelles",
                      "imposta sugli sconti promozionali", "impuesto de reembolsos promocionales",
                      "プロモーション割引の税金"),
    "points": ("amazonポイントの費用", "amazon ポイントの費用"),
    "withheld": ("marketplace withheld tax", "einbehaltene steuer auf marketplace",
                 "taxes retenues sur le site de vente", "trattenuta iva del marketplace",
                 "impuesto retenido en el sitio web", "impuesto de retenciones en la plataforma",
                 "belasting voor marketplace-facilitator", "源泉徴収税を伴うマーケットプレイス"),
    "tcs_cgst": ("tcs-cgst",), "tcs_sgst": ("tcs-sgst",), "tcs_igst": ("tcs-igst",), "tds": ("tds (section 194-o)",),
    "regulatory": ("regulatory fee",),
    "regulatory_tax": ("tax on regulatory fee",),
    "selling": ("selling fees", "verkaufsgebühren", "frais de vente", "commissioni di vendita", "tarifas de venta",
                "verkoopkosten", "手数料"),
    "fba": ("fba fees", "gebühren zu versand durch amazon", "frais expédié par amazon",
            "costi del servizio logistica di amazon", "tarifas de logística de amazon", "tarifas fba",
            "fba-vergoedingen", "fba 手数料"),
    "other_fees": ("other transaction fees", "andere transaktionsgebühren", "autres frais de transaction",
                   "altri costi relativi alle transazioni", "tarifas de otras transacciones",
                   "tarifas de otra transacción", "overige transactiekosten",
                   "トランザクションに関するその他の手数料"),
    "other": ("other", "andere", "autre", "altro", "otro", "overige", "その他"),
    "total": ("total", "gesamt", "totale", "totaal", "合計"),
}
"""Field -> its headings, in every language in which they are known."""

AMOUNTS = (
    "sales", "sales_tax", "shipping", "shipping_tax", "gift", "gift_tax", "promotion", "promotion_tax", "points",
    "withheld", "tcs_cgst", "tcs_sgst", "tcs_igst", "tds", "regulatory", "regulatory_tax", "selling", "fba",
    "other_fees", "other",
)
"""Fields of amounts: those of a line add up to its total."""
TAXES = (
    "sales_tax", "shipping_tax", "gift_tax", "promotion_tax", "withheld", "tcs_cgst", "tcs_sgst", "tcs_igst", "tds",
    "regulatory_tax",
)
PRICES = ("sales", "shipping", "gift")
TEXTS = (
    "fulfillment", "fulfilment", "order city", "order state", "order postal", "tax collection model", "account type",
    "transaction status", "transaction release date", "versand", "ort der bestellung", "bundesland", "postleitzahl",
    "steuererhebungsmodell", "transaktionsstatus", "freigabedatum der transaktion",
)
"""Headings that are known and not read; others may not hold amounts."""

ORDER, REFUND, ADJUSTMENT, SERVICE, INVENTORY, TRANSFER, DEBT, DEAL, LIQUIDATIONS, GUARANTEE, CHARGEBACK, RETROCHARGE, (
    FEE_ADJUSTMENT
) = (
    "Order", "Refund", "Adjustment", "Service Fee", "FBA Inventory Fee", "Transfer", "Debt", "Deal Fee",
    "Liquidations", "A-to-z Guarantee Claim", "Chargeback Refund", "Refund_Retrocharge", "Fee Adjustment",
)
TYPES = {
    ORDER: ("order", "commande", "bestellung", "ordine", "pedido", "注文"),
    REFUND: ("refund", "remboursement", "erstattung", "rimborso", "reembolso", "返金"),
    ADJUSTMENT: ("adjustment", "ajustement", "anpassung", "modifica", "ajuste", "調整"),
    SERVICE: ("service fee", "frais de service", "servicegebühr", "commissione di servizio",
              "tarifa de prestación de servicio", "注文外料金"),
    INVENTORY: ("fba inventory fee", "frais de stock expédié par amazon", "versand durch amazon lagergebühr",
                "costo di stoccaggio logistica di amazon", "tarifas de inventario de logística de amazon",
                "fba 在庫関連の手数料"),
    TRANSFER: ("transfer", "übertrag", "transfert", "trasferimento", "transferir", "振込み"),
    DEBT: ("debt",),
    DEAL: ("deal fee", "lightning deal fee", "tarif de la vente flash", "blitzangebotsgebühr",
           "tariffa dell'offerta lampo", "tarifa de oferta flash"),
    LIQUIDATIONS: ("liquidations", "liquidation", "liquidations adjustments"),
    GUARANTEE: ("a-to-z guarantee claim",),
    CHARGEBACK: ("chargeback refund",),
    RETROCHARGE: ("refund_retrocharge",),
    FEE_ADJUSTMENT: ("fee adjustment",),
}
"""The type of a line -> its words."""

ADVERTISING = (
    "cost of advertising", "prix de la publicité", "werbekosten", "costo della pubblicità", "gastos de publicidad",
    "広告費用",
)
SUBSCRIPTION = ("subscription", "月額登録料")
STORAGE = ("storage", "lagergebühr", "stockage", "entreposage", "stoccaggio", "almacenamiento", "opslag", "保管")
INBOUND = ("inbound transportation", "inbound transport")

_TYPE_OF = {word_key(word): kind for kind, words in TYPES.items() for word in words}
_FIELD_OF = {word_key(word): field for field, words in HEADINGS.items() for word in words}
_TEXT_KEYS = frozenset(map(word_key, TEXTS))


def type_of(word: str) -> str | None:
    """The type that a word names, in any language; None for one that is not known."""
    return _TYPE_OF.get(word_key(word))


def field_of(heading: str) -> str | None:
    """The field that a heading names, in any language; None for one that is not known."""
    return _FIELD_OF.get(word_key(heading))


def is_text_heading(heading: str) -> bool:
    """Whether a column is known to hold no amounts."""
    return word_key(heading) in _TEXT_KEYS


def place_of(amount: Amount) -> str:
    """Where an amount belongs: `transaction_type` is one of TYPES, or what the file says; `amount_type` a field;
    `description` that of the line, for the field `other`."""
    kind, field, words = amount.transaction_type, amount.amount_type, word_key(amount.description)
    if field in TAXES:
        return TAX
    if field in PRICES:
        if kind in (ORDER, LIQUIDATIONS):
            return GROSS_SALES
        return "Returns" if kind in (REFUND, GUARANTEE, CHARGEBACK, RETROCHARGE) else UNSORTED
    if field != "other":
        return {
            "promotion": "Promo fees", "points": "Promo fees", "selling": "Referral fees", "fba": "FBA fees",
        }.get(field, "Other platform fees")
    return _place_of_other(kind, words)


def _place_of_other(kind: str, words: str) -> str:
    if kind in (TRANSFER, DEBT) or words.startswith("debt"):
        return CASH
    if any(word in words for word in map(word_key, ADVERTISING)):
        return "SEM costs" if kind == SERVICE else UNSORTED
    if kind == FEE_ADJUSTMENT or "fee adjustment" in words or any(word in words for word in INBOUND):
        return "FBA fees"
    if kind in (INVENTORY, DEAL) or words in map(word_key, SUBSCRIPTION) or "vine" in words.split():
        return "Other platform fees"
    if word_key(words) in _TYPE_OF and _TYPE_OF[word_key(words)] == DEAL:
        return "Other platform fees"
    return REIMBURSEMENTS if kind == ADJUSTMENT else UNSORTED


def is_storage(amount: Amount) -> bool:
    """Whether an amount is the month's storage as a lump, which the storage report tells by product."""
    words = word_key(amount.description)
    return amount.amount_type == "other" and amount.transaction_type == INVENTORY and any(
        word in words for word in map(word_key, STORAGE)
    ) and "removal" not in words and "disposal" not in words


def is_advertising(amount: Amount) -> bool:
    """Whether an amount is advertising as a lump, which the advertising report tells by product."""
    return amount.amount_type == "other" and place_of(amount) == "SEM costs"
