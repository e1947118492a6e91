/** Opens the provider's stores for one command, also while the daemon runs, and closes them whatever happens. */
import { openStores, type Stores } from '../wire.ts';
import { type ConfigOptions, openConfig } from './config-option.ts';

export async function withStores<T>(options: ConfigOptions, use: (stores: Stores) => Promise<T>): Promise<T> {
  const stores = await openStores(openConfig(options).config);
  try {
    return await use(stores);
  } finally {
    await stores.close();
  }
}
