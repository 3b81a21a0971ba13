import type { NetworkSummary } from '../../client/index.ts';
import { labelHeader } from '../container-view.ts';
import { goDate } from '../dates.ts';
import type { View } from '../format.ts';
import { shortId } from '../ids.ts';

/** What `network ls` can show of a network. */
export function networkView(truncate: boolean): View<NetworkSummary> {
  return {
    ID: { header: 'NETWORK ID', value: (n) => (truncate ? shortId(n.Id) : n.Id) },
    Name: { header: 'NAME', value: (n) => n.Name },
    Driver: { header: 'DRIVER', value: (n) => n.Driver },
    Scope: { header: 'SCOPE', value: (n) => n.Scope },
    IPv4: { header: 'IPV4', value: (n) => String(n.EnableIPv4 ?? true) },
    IPv6: { header: 'IPV6', value: (n) => String(n.EnableIPv6) },
    Internal: { header: 'INTERNAL', value: (n) => String(n.Internal) },
    Labels: {
      header: 'LABELS',
      value: (n) =>
        Object.entries(n.Labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .sort()
          .join(','),
    },
    Label: { header: labelHeader, value: (n) => (key: string) => n.Labels?.[key] ?? '' },
    CreatedAt: { header: 'CREATED AT', value: (n) => createdAt(n.Created) },
  };
}

/** Go prints the fraction of a second too. */
function createdAt(created: string): string {
  const fraction = /\.(\d*?)0*Z$/.exec(created)?.[1] ?? '';
  const date = goDate(Math.floor(Date.parse(created) / 1000));
  return fraction === '' ? date : date.replace(/(:\d\d) /, `$1.${fraction} `);
}
