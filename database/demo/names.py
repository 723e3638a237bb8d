"""Words of the demo: brands, categories with their seasons and goods, variants. All names are made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """A category as a market: prices in currency units, shares of net revenue, twelve monthly factors."""

    name: str
    price: float
    referral: float
    fulfilment: float
    returns: float
    season: tuple[float, ...]
    goods: tuple[str, ...]


CATEGORIES = (
    Category(
        "Home & Kitchen", 29.0, 0.15, 4.1, 0.05, (0.95, 0.9, 0.95, 0.95, 1.0, 0.95, 1.15, 0.95, 1.0, 1.1, 1.45, 1.6),
        ("Cast Iron Skillet", "Glass Storage Jars", "Chef's Knife", "Dish Rack", "French Press", "Linen Tablecloth",
         "Spice Rack", "Bread Box", "Cutting Board", "Milk Frother", "Salad Spinner", "Oven Mitts"),
    ),
    Category(
        "Toys & Games", 24.0, 0.15, 3.6, 0.04, (0.7, 0.7, 0.8, 0.85, 0.85, 0.9, 1.1, 0.85, 0.9, 1.15, 2.1, 2.6),
        ("Wooden Train Set", "Marble Run", "Memory Game", "Building Blocks", "Forest Puzzle", "Play Tent",
         "Balance Board", "Card Game", "Craft Kit", "Stacking Rings", "Kite", "Doll's House"),
    ),
    Category(
        "Beauty & Personal Care", 19.0, 0.15, 2.9, 0.02, (1.0, 1.0, 1.0, 1.0, 1.05, 1.0, 1.2, 1.0, 1.0, 1.0, 1.35, 1.3),
        ("Vitamin C Serum", "Beard Oil", "Hair Mask", "Shower Oil", "Jade Roller", "Bamboo Brush", "Clay Mask",
         "Hand Cream", "Lip Balm", "Bath Salt", "Body Scrub", "Nail Kit"),
    ),
    Category(
        "Sports & Outdoors", 34.0, 0.15, 4.8, 0.07, (1.35, 1.1, 1.05, 1.0, 1.05, 1.1, 1.2, 1.05, 0.95, 0.9, 1.1, 1.15),
        ("Yoga Mat", "Resistance Bands", "Trekking Poles", "Foam Roller", "Water Bottle", "Skipping Rope",
         "Running Belt", "Camping Lantern", "Dry Bag", "Kettlebell", "Hammock", "Bike Light"),
    ),
    Category(
        "Garden & Outdoor", 32.0, 0.15, 5.2, 0.05, (0.5, 0.65, 1.1, 1.55, 1.75, 1.6, 1.4, 1.05, 0.85, 0.7, 0.75, 0.8),
        ("Pruning Shears", "Raised Bed", "Bird Feeder", "Hose Reel", "Fire Bowl", "Solar Path Lights", "Plant Pots",
         "Kneeling Pad", "Seed Tray", "Rain Gauge", "Patio Cover", "Watering Can"),
    ),
    Category(
        "Pet Supplies", 22.0, 0.15, 3.7, 0.04, (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.15, 1.0, 1.0, 1.0, 1.2, 1.25),
        ("Dog Harness", "Cat Tree", "Slow Feeder", "Chew Toy", "Travel Bowl", "Grooming Brush", "Litter Mat",
         "Dog Bed", "Scratching Post", "Dog Lead", "Cat Tunnel", "Treat Pouch"),
    ),
    Category(
        "Office Products", 18.0, 0.15, 3.0, 0.03, (1.2, 1.0, 0.95, 0.95, 0.95, 0.9, 1.15, 1.45, 1.3, 1.0, 1.1, 1.0),
        ("Monitor Stand", "Desk Pad", "Fineliners", "Notebook", "Cable Box", "Letter Tray",
         "Wrist Rest", "Planner", "Whiteboard", "Desk Lamp", "Footrest", "Pen Holder"),
    ),
    Category(
        "Electronics", 39.0, 0.08, 3.4, 0.08, (0.95, 0.9, 0.9, 0.9, 0.9, 0.95, 1.4, 1.0, 1.0, 1.05, 1.7, 1.6),
        ("USB-C Hub", "Bluetooth Speaker", "Phone Stand", "Charging Cable", "Webcam", "Power Bank", "Headphones",
         "Smart Plug", "Travel Adapter", "Key Finder", "Ring Light", "Wireless Charger"),
    ),
    Category(
        "Baby", 27.0, 0.15, 3.8, 0.05, (1.05, 1.0, 1.0, 1.0, 1.0, 1.0, 1.15, 1.0, 1.0, 1.0, 1.15, 1.1),
        ("Swaddle Blankets", "Bibs", "Changing Mat", "Night Light", "Bath Thermometer", "Teether",
         "Baby Carrier", "Bottle Warmer", "Play Gym", "Stroller Bag", "Milestone Cards", "Crib Sheets"),
    ),
)

BRANDS = (
    "Nordvale", "Hearthly", "Tumblewick", "Alpenkind", "Brightmoor", "Luma & Fern", "Oakhollow", "Pawsome Lane",
    "Fjordhaus", "Kestrel Gear", "Saltmarsh", "Verdana Grove", "Millbrook & Sons", "Zuma Peak", "Copperleaf",
    "Little Otter", "Graphite Works", "Maison Ardeo", "Trailwise", "Bluebell Nursery", "Ironbark", "Pixel Harbor",
    "Casa Lumo", "Wildroot", "Tidewater", "Happy Badger", "Northlight", "Velvet Thistle", "Summit & Stone",
    "Quillworth", "Honeycomb Home", "Red Kite", "Stella Mare", "Urban Acorn", "Driftline", "Golden Heron",
    "Moss & Mortar", "Pebble Bay", "Silver Birch", "Lantern Hill",
)
LINES = ("Home", "Kids", "Pro", "Studio", "Outdoor", "Essentials", "Basics", "Select", "Active", "Living", "Plus", "Go")
"""A long list of brands goes on with lines of the first ones: Nordvale Home, Nordvale Kids …"""
CLEARANCE = "Clearance Stock"
"""The brand of the group `stock`, which the summaries leave out."""

STYLES = ("Classic", "Premium", "Compact", "Everyday", "Foldable", "Heavy Duty", "Slim", "Travel", "Original", "Deluxe")
VARIANTS = (
    "black", "white", "sage green", "navy", "terracotta", "mustard", "sand", "grey", "gift box", "two-pack", "rose",
    "anthracite", "sky blue", "cream", "forest green", "copper",
)


def brand_name(number: int) -> str:
    """The name of brand `number`, counted from 0; no two are the same."""
    line, first = divmod(number, len(BRANDS))
    if line == 0:
        return BRANDS[first]
    turn, suffix = divmod(line - 1, len(LINES))
    return f"{BRANDS[first]} {LINES[suffix]}{f' {turn + 1}' if turn else ''}"


def category_of(number: int) -> Category:
    """Category `number`, counted from 0; those beyond the written list repeat it under another name."""
    turn, first = divmod(number, len(CATEGORIES))
    written = CATEGORIES[first]
    if turn == 0:
        return written
    return Category(
        f"{written.name} {turn + 1}", written.price, written.referral, written.fulfilment, written.returns,
        written.season, written.goods,
    )
