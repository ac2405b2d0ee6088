//! The demonstration catalogue: a few hundred plausible products, the same in every shop.

use souk_domain::Money;

/// Stock of each category's cheapest product; large enough that no walk through the demonstration
/// sells it out.
const AMPLE_STOCK: u64 = 1_000_000;

/// A category and its products: every kind combined with every make.
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// Name and price of the cheapest make, in minor units.
    kinds: &'static [(&'static str, i64)],
    makes: &'static [&'static str],
}

/// A product of the catalogue.
pub(super) struct Product {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) price: Money,
    pub(super) stock: u64,
}

impl Category {
    /// Its products, in a fixed order.
    pub(super) fn products(&self) -> impl Iterator<Item = Product> + '_ {
        self.kinds.iter().enumerate().flat_map(move |(row, (kind, plain_price))| {
            self.makes.iter().zip(0..).enumerate().map(move |(column, (make, step))| {
                // Each better make costs a fifth more; prices end in 90.
                let price = (plain_price + plain_price * step / 5) / 100 * 100 + 90;
                let stock = match (row, column) {
                    (0, 0) => AMPLE_STOCK,
                    _ => u64::try_from(5 + (row * 37 + column * 53) % 120).expect("below 125"),
                };
                Product {
                    name: format!("{make} {kind}"),
                    description: format!("{kind}, {}. {}", make.to_lowercase(), self.description),
                    price: Money::from_minor_units(price),
                    stock,
                }
            })
        })
    }
}

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        name: "Tableware",
        description: "Made to be used every day, and to survive it.",
        kinds: &[("Mug", 900), ("Bowl", 1400), ("Plate", 1200), ("Teapot", 3900), ("Carafe", 2900)],
        makes: &["Stoneware", "Porcelain", "Enamel", "Glazed", "Hand-thrown", "Speckled"],
    },
    Category {
        name: "Kitchen",
        description: "Good tools make cooking easy.",
        kinds: &[
            ("Chef's Knife", 3900),
            ("Cutting Board", 2400),
            ("Saucepan", 4900),
            ("Whisk", 900),
            ("Grater", 1500),
        ],
        makes: &["Everyday", "Carbon Steel", "Copper", "Beechwood", "Professional", "Compact"],
    },
    Category {
        name: "Electronics",
        description: "Two years of guarantee.",
        kinds: &[
            ("Laptop", 89900),
            ("Headphones", 7900),
            ("Keyboard", 5900),
            ("Loudspeaker", 9900),
            ("Charger", 1900),
        ],
        makes: &["Basic", "Slim", "Wireless", "Studio", "Travel", "Silent"],
    },
    Category {
        name: "Lighting",
        description: "Warm light, 2700 kelvin, bulb included.",
        kinds: &[("Desk Lamp", 3900), ("Floor Lamp", 8900), ("Lantern", 2500), ("Pendant", 6900)],
        makes: &["Brass", "Paper", "Smoked Glass", "Oak", "Matte Black", "Linen"],
    },
    Category {
        name: "Textiles",
        description: "Washable at 40 degrees.",
        kinds: &[
            ("Blanket", 4900),
            ("Cushion", 1900),
            ("Towel", 1500),
            ("Apron", 2200),
            ("Tablecloth", 3900),
        ],
        makes: &["Cotton", "Linen", "Wool", "Striped", "Quilted", "Indigo"],
    },
    Category {
        name: "Stationery",
        description: "Acid-free paper, made in small runs.",
        kinds: &[("Notebook", 900), ("Pencil Set", 1200), ("Desk Pad", 1900), ("Calendar", 1500)],
        makes: &["Pocket", "Dotted", "Ruled", "Recycled", "Cloth-bound", "Gilt"],
    },
    Category {
        name: "Garden",
        description: "Stands rain, frost and sun.",
        kinds: &[
            ("Trowel", 1400),
            ("Watering Can", 2900),
            ("Planter", 2400),
            ("Secateurs", 3400),
            ("Bird Feeder", 1900),
        ],
        makes: &["Galvanised", "Terracotta", "Cedar", "Forged", "Small", "Tall"],
    },
    Category {
        name: "Bags",
        description: "Repaired for free for five years.",
        kinds: &[("Backpack", 6900), ("Tote", 1900), ("Weekender", 9900), ("Pouch", 1500)],
        makes: &["Canvas", "Waxed", "Leather", "Rolltop", "Foldable", "City"],
    },
    Category {
        name: "Games",
        description: "For two to four people and a long evening.",
        kinds: &[("Chess Set", 3900), ("Puzzle", 1900), ("Dominoes", 1500), ("Card Game", 1200)],
        makes: &["Wooden", "Travel", "Giant", "Classic", "Illustrated", "Magnetic"],
    },
    Category {
        name: "Pantry",
        description: "From growers we know by name.",
        kinds: &[
            ("Olive Oil", 1400),
            ("Honey", 900),
            ("Black Tea", 800),
            ("Coffee", 1100),
            ("Dark Chocolate", 400),
        ],
        makes: &["Organic", "Single-origin", "Smoky", "Mild", "Reserve", "Gift-boxed"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::WALK_PRODUCT;

    #[test]
    fn every_category_has_one_product_that_does_not_run_out() {
        for category in CATEGORIES {
            let stocks: Vec<u64> = category.products().map(|product| product.stock).collect();
            assert_eq!(stocks[0], AMPLE_STOCK, "{}", category.name);
            assert!(stocks[1..].iter().all(|stock| (5..125).contains(stock)), "{stocks:?}");
        }
    }

    #[test]
    fn the_walk_buys_one_product_that_is_named_once_and_does_not_run_out() {
        let all = CATEGORIES.iter().flat_map(Category::products);
        let named: Vec<Product> =
            all.filter(|product| product.name.contains(WALK_PRODUCT)).collect();
        assert_eq!(named.len(), 1);
        assert_eq!((named[0].name.as_str(), named[0].stock), (WALK_PRODUCT, AMPLE_STOCK));
    }
}
