//! The actor: messages in, one command file per resource.

use super::{
    Category, CategoryChange, CategoryDraft, ProductChange, ProductDraft, ProductView, StockMove,
    TakenLine, categories, products, queries, stock,
};
use crate::owner::{ReplyTo, answer};
use crate::store::Unit;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use souk_domain::{CategoryId, ProductId, Quantity};

/// What the owner of the catalog can be asked. The sender MUST hold the turn of `unit`.
pub enum CatalogMessage {
    /// Add a category.
    CreateCategory {
        /// The open turn.
        unit: Unit,
        /// What it says.
        draft: CategoryDraft,
        /// The new category.
        reply_to: ReplyTo<(CategoryId, Category)>,
    },
    /// Change a category.
    UpdateCategory {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: CategoryId,
        /// What to change.
        change: CategoryChange,
        /// The category after it.
        reply_to: ReplyTo<Category>,
    },
    /// Delete a category; its products stay, in no category.
    DeleteCategory {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: CategoryId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Add a product; tells `product.created`.
    CreateProduct {
        /// The open turn.
        unit: Unit,
        /// What it says.
        draft: Box<ProductDraft>,
        /// The new product.
        reply_to: ReplyTo<ProductView>,
    },
    /// Change a product, its stock included; tells what changed.
    UpdateProduct {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: ProductId,
        /// What to change.
        change: Box<ProductChange>,
        /// The product after it.
        reply_to: ReplyTo<ProductView>,
    },
    /// Delete a product; orders that have it keep what they took.
    DeleteProduct {
        /// The open turn.
        unit: Unit,
        /// Which.
        id: ProductId,
        /// Done.
        reply_to: ReplyTo<()>,
    },
    /// Look products up as they stand in this turn; deleted ones too. Unknown ids are left out.
    Describe {
        /// The open turn.
        unit: Unit,
        /// Which.
        ids: Vec<ProductId>,
        /// What is known of them, in the order asked.
        reply_to: ReplyTo<Vec<ProductView>>,
    },
    /// Check that every line can be bought now, without taking anything. Refuses the first line
    /// that cannot, by its index.
    Quote {
        /// The open turn.
        unit: Unit,
        /// What is wanted, each product once.
        lines: Vec<(ProductId, Quantity)>,
        /// The products, in the order of the lines.
        reply_to: ReplyTo<Vec<ProductView>>,
    },
    /// Take stock for a new order: all lines or none, for a total the contracts can print. Refuses
    /// before the first write. Tells `stock_changed` and `sold_out`.
    TakeStock {
        /// The open turn.
        unit: Unit,
        /// What is wanted, each product once.
        lines: Vec<(ProductId, Quantity)>,
        /// The products after it, in the order of the lines.
        reply_to: ReplyTo<Vec<ProductView>>,
    },
    /// Book units of an order from one place to another: give them back, or count them as sold.
    MoveStock {
        /// The open turn.
        unit: Unit,
        /// The lines of the order.
        lines: Vec<TakenLine>,
        /// From where to where.
        step: StockMove,
        /// Done.
        reply_to: ReplyTo<()>,
    },
}

/// The actor. It keeps nothing of the shop in memory.
pub struct CatalogOwner {
    /// When what can be sold of a product falls to this or below, the administrators get a mail.
    pub low_stock_threshold: u64,
}

impl Actor for CatalogOwner {
    type Msg = CatalogMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<CatalogMessage>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<CatalogMessage>,
        message: CatalogMessage,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CatalogMessage::CreateCategory { unit, draft, reply_to } => {
                answer(reply_to, categories::create(&unit, draft))
            }
            CatalogMessage::UpdateCategory { unit, id, change, reply_to } => {
                answer(reply_to, categories::update(&unit, id, change))
            }
            CatalogMessage::DeleteCategory { unit, id, reply_to } => {
                answer(reply_to, categories::delete(&unit, id))
            }
            CatalogMessage::CreateProduct { unit, draft, reply_to } => {
                answer(reply_to, products::create(&unit, *draft))
            }
            CatalogMessage::UpdateProduct { unit, id, change, reply_to } => {
                answer(reply_to, products::update(&unit, id, *change, self.low_stock_threshold))
            }
            CatalogMessage::DeleteProduct { unit, id, reply_to } => {
                answer(reply_to, products::delete(&unit, id))
            }
            CatalogMessage::Describe { unit, ids, reply_to } => {
                answer(reply_to, queries::product_views(&unit, &ids).map_err(Into::into))
            }
            CatalogMessage::Quote { unit, lines, reply_to } => {
                answer(reply_to, stock::quote(&unit, &lines))
            }
            CatalogMessage::TakeStock { unit, lines, reply_to } => {
                answer(reply_to, stock::take(&unit, &lines, self.low_stock_threshold))
            }
            CatalogMessage::MoveStock { unit, lines, step, reply_to } => {
                answer(reply_to, stock::move_stock(&unit, &lines, step))
            }
        }
    }
}
